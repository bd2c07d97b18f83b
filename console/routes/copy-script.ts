/** The script of copy buttons beside values that the console shows once. Without it, a click selects the whole value. */

/** The address of the script. */
export const COPY_FILE = '/copy.js';

/** The script. Browsers offer the clipboard to pages over HTTPS and of this machine only. */
export const COPY_SCRIPT = `
for (const code of navigator.clipboard ? document.querySelectorAll('[data-copy]') : []) {
  const button = document.createElement('button');
  const say = (text) => {
    button.textContent = text;
    button.setAttribute('aria-label', text + ': ' + code.dataset.copy);
  };
  button.type = 'button';
  button.className = 'second';
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
