/** The mark of LeaseHawk, a hawk over a house, as SVG: the same on the pages of the edge and of the console. */

const GROUND = '<rect width="32" height="32" rx="7"/>';
const FIGURE =
  '<path d="M4 11C8.5 6 13 7 16 11 19 7 23.5 6 28 11 23.5 9.6 19.5 10.6 16 14.6 12.5 10.6 8.5 9.6 4 11Z"/><path d="M9 22 16 17 23 22V27H18V23.5H14V27H9Z"/>';

/** The mark in a page, in the colours of its stylesheet (class "mark"). */
export const MARK = `<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">${GROUND}${FIGURE}</svg>`;

/** The mark as a file: the icon of a page in the browser. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="#17528f">${GROUND}</g><g fill="#fff">${FIGURE}</g></svg>\n`;
