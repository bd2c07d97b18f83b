/** Markdown of the API reference: comments with links to what they name, and tables. */

/** The names that the reference describes, such as "GetUser" or "USER_NOT_FOUND", with their places. */
export type Places = ReadonlyMap<string, { page: string; anchor: string }>;

/** Words that may be such a name: several capitalized parts, or capitals with underscores. "User" may be plain English. */
const NAME = /\b(?:[A-Z][a-z]+(?:[A-Z][a-z]+)+|[A-Z]+(?:_[A-Z\d]+)+)\b/g;

/** Returns a comment as paragraphs of Markdown for `page`. The list of errors is a separate paragraph. */
export function paragraphsOf(comment: string, places: Places, page: string): string[] {
  return comment.split(/\n\s*\n|\n(?=Errors: )/).map((paragraph) =>
    // Parts with an odd position are code, between backticks.
    paragraph
      .replace(/\s+/g, ' ')
      .split('`')
      .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : linked(escaped(part), places, page)))
      .join(''),
  );
}

/** Returns a link to a name of the contract as code; only the code if it is in no page. */
export function linkTo(name: string, places: Places, page: string, shown = `\`${name}\``): string {
  const place = places.get(name);
  return place ? `[${shown}](${place.page === page ? '' : place.page}#${place.anchor})` : shown;
}

/** Returns a table; a cell may have several paragraphs. */
export function tableOf(head: string[], rows: string[][]): string {
  const lineOf = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [head, head.map(() => '---'), ...rows].map(lineOf).join('\n');
}

const linked = (text: string, places: Places, page: string): string =>
  text.replace(NAME, (name) => linkTo(name, places, page, name));

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[*[\]\\]/g, '\\$&');
