/** The script of the buttons that copy a value, on pages of the edge and of the console. */

/** The values that have a button, and how the button looks. */
interface CopyButtons {
  /** The CSS selector of the values. */
  values: string;
  /** The attribute "data-…" of a value that names it for a screen reader. */
  named: string;
  /** The class of the buttons. */
  button: string;
}

/** Returns the script. Browsers offer the clipboard to pages over HTTPS and of this machine only. */
export const copyScript = ({ values, named, button }: CopyButtons): string => `'use strict';
for (const code of navigator.clipboard ? document.querySelectorAll('${values}') : []) {
  const button = document.createElement('button');
  const say = (text) => {
    button.textContent = text;
    button.setAttribute('aria-label', text + ': ' + code.dataset.${named});
  };
  button.type = 'button';
  button.className = '${button}';
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
