/**
 * The library oidc-provider, without its warning at the import that it supports Node.js 22 and later only. The tests
 * pass with Node.js 20.19, and people who run them cannot do anything about the warning.
 */
const { warn } = console;
console.warn = (text: unknown) => {
  if (!String(text).includes('Unsupported runtime')) warn(text);
};
export const { default: Provider } = await import('oidc-provider').finally(() => {
  console.warn = warn;
});
