/** The colours of every page, for light and dark screens, as properties of CSS. */
export const COLOURS = `
:root { color-scheme: light dark; --text: #1d2630; --quiet: #4a5663; --line: #b9c2cc; --ground: #fff; --box: #f1f4f7;
  --action: #17528f; --error: #a3221b; --good: #17653a; --warn: #7a4d00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8edf2; --quiet: #b3bfca; --line: #53606d; --ground: #14191e; --box: #222a32;
    --action: #8fc1f5; --error: #ff9d94; --good: #84d8a5; --warn: #f0c272; }
}
`;
