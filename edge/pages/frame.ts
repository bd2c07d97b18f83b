/** The frame of every page: the document, its style, and headers that allow nothing else. */
import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { Html, html } from './html.js';

const STYLE = `
:root { color-scheme: light dark; --text: #1d2630; --quiet: #4a5663; --line: #b9c2cc; --ground: #fff; --box: #f1f4f7;
  --action: #17528f; --error: #a3221b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8edf2; --quiet: #b3bfca; --line: #53606d; --ground: #14191e; --box: #222a32;
    --action: #8fc1f5; --error: #ff9d94; }
}
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin-top: 1.8rem; }
li { margin: .4rem 0; }
code { background: var(--box); padding: .1em .3em; border-radius: .2rem; font-size: .95em; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; color: var(--quiet); padding-bottom: .4rem; }
th, td { border: 1px solid var(--line); padding: .45rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--box); } th[scope=row] code { white-space: nowrap; }
dt { font-weight: 600; margin-top: 1rem; } dd { margin: .2rem 0 0 1rem; }
.quiet { color: var(--quiet); }
form { margin: 1.5rem 0; }
label { display: block; font-weight: 600; }
input { display: block; box-sizing: border-box; width: 100%; margin: .4rem 0 1rem; padding: .65rem .75rem;
  background: var(--ground); color: var(--text); border: 1px solid var(--quiet); border-radius: .3rem; font: inherit; }
button, .button { padding: .65rem 1.4rem; background: var(--action); color: var(--ground); border: 1px solid var(--action);
  border-radius: .3rem; font: inherit; font-weight: 600; cursor: pointer; }
.wide { display: block; width: 100%; margin-top: .8rem; overflow-wrap: anywhere; }
.button { display: block; box-sizing: border-box; text-align: center; text-decoration: none; }
.second { background: var(--ground); color: var(--action); }
a { color: var(--action); }
:focus-visible { outline: .2rem solid var(--action); outline-offset: .15rem; }
.error { color: var(--error); font-weight: 600; }
.narrow { max-width: 24rem; margin: 10vh auto 0; }
.note { border-left: .3rem solid var(--line); padding: .2rem 1rem; background: var(--box); }
button.copy { padding: .05em .6em; background: var(--ground); color: var(--action); font-size: .85em; }
@media (max-width: 34rem) {
  .stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
  .stack thead { display: none; }
  .stack tr { border: 1px solid var(--line); border-bottom: 0; } .stack tbody:last-of-type tr:last-child { border-bottom: 1px solid var(--line); }
  .stack th, .stack td { border: 0; } .stack td:first-child { font-weight: 600; padding-bottom: 0; }
}
@media print {
  button.copy, nav { display: none; }
  :root { --text: #000; --quiet: #000; --line: #777; --ground: #fff; --box: #fff; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, dt { break-after: avoid; } tr, li, dt, dd { break-inside: avoid; }
}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/**
 * The sources of `form-action` in a Content-Security-Policy: where the forms of a page and their redirects may lead.
 */
const NO_FORMS = "'none'";

/**
 * Allows the page's own style, its forms and, on a page with a script, files of the edge; forbids inline scripts, frames,
 * images and every other request.
 */
const headersFor = (formAction: string, hasScript: boolean) => ({
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; ${hasScript ? "script-src 'self'; " : ''}base-uri 'none'; form-action ${formAction}; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  // With "no-referrer" the browser would also hide the origin of a form.
  'Referrer-Policy': formAction === NO_FORMS ? 'no-referrer' : 'same-origin',
  'Cache-Control': 'no-store',
});

/**
 * Sends a page: the whole document around `main`. Its forms may lead to `formAction`; `script` is the address of a script
 * of the edge.
 */
export function sendPage(
  response: Response,
  status: number,
  title: string,
  main: Html,
  formAction = NO_FORMS,
  script?: string,
): void {
  const headers = headersFor(formAction, script !== undefined);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
${script === undefined ? undefined : html`<script src="${script}" defer></script>`}
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
  response.status(status).type('html').send(page.text);
}
