/** The buttons that copy a value of the setup page. Without script the page has none, and loses nothing else. */
import { type Html, html } from '../html.js';

/** Renders a value that people copy into Okta; `name` says which, for a screen reader. */
export const copyable = (name: string, value: string): Html =>
  html`<code class="copy" data-name="${name}">${value}</code>`;

/** The script. Browsers offer the clipboard to pages over HTTPS and of this machine only. */
export const COPY_SCRIPT = `'use strict';
for (const code of navigator.clipboard ? document.querySelectorAll('code.copy') : []) {
  const button = document.createElement('button');
  const say = (text) => {
    button.textContent = text;
    button.setAttribute('aria-label', text + ': ' + code.dataset.name);
  };
  button.type = 'button';
  button.className = 'copy';
  say('Copy');
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(code.textContent).then(
      () => say('Copied'),
      () => say('Not allowed'),
    );
    setTimeout(() => say('Copy'), 3000);
  });
  code.after(' ', button);
}
`;
