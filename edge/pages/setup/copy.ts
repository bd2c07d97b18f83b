/** The buttons that copy a value of the setup page. Without script the page has none, and loses nothing else. */
import { copyScript } from '../../../brand/copy-script.js';
import { type Html, html } from '../html.js';

/** Renders a value that people copy into Okta; `name` says which, for a screen reader. */
export const copyable = (name: string, value: string): Html =>
  html`<code class="copy" data-name="${name}">${value}</code>`;

/** The script. */
export const COPY_SCRIPT = copyScript({ values: 'code.copy', named: 'name', button: 'copy' });
