/** Small parts that all pages use: times, states, names from outside, lists of facts. */
import type { ComponentChildren, JSX } from 'preact';

/** A time in UTC, to the second. */
export const Time = ({ at }: { at: Date | undefined }): JSX.Element => {
  if (!at) return <span class="quiet">never</span>;
  const text = at.toISOString();
  return <time dateTime={text}>{`${text.slice(0, 10)} ${text.slice(11, 19)} UTC`}</time>;
};

/** A text from outside, which may be written in any direction; a sign for an absent one. */
export const Outside = ({ text }: { text: string | undefined }): JSX.Element =>
  text ? <bdi>{text}</bdi> : <span class="quiet">—</span>;

/** Characters of a value that are shown before it is folded. */
const SHOWN = 300;

/** A value from outside of any length: a long one is folded. */
export const Value = ({ text }: { text: string }): JSX.Element =>
  text.length <= SHOWN ? (
    <bdi>{text}</bdi>
  ) : (
    <details>
      <summary>
        <bdi>{shortened(text, SHOWN)}</bdi>
      </summary>
      <bdi>{text}</bdi>
    </details>
  );

/** Returns the beginning of a text, at most `length` characters. */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** A list of facts: names and values. Undefined values are left out. */
export const Facts = ({ rows }: { rows: [name: string, value: ComponentChildren | undefined][] }): JSX.Element => (
  <dl class="facts">
    {rows
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
  </dl>
);

/** A table that scrolls in itself where it is wide, with one row for each item; a sentence if there is none. */
export function Table<Item>({
  label,
  caption,
  columns,
  items,
  none,
}: {
  /** The name for screen readers. */
  label: string;
  caption?: string;
  columns: [name: string, cell: (item: Item) => ComponentChildren][];
  items: readonly Item[];
  none: string;
}): JSX.Element {
  if (items.length === 0) return <p class="quiet">{none}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="scroll" tabIndex={0} aria-label={label}>
      <table class="stack">
        {caption && <caption>{caption}</caption>}
        <thead>
          <tr>
            {columns.map(([name]) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr>
              {columns.map(([name, cell]) => (
                // On a phone, the style sheet shows the name beside the value instead of a row of headings.
                <td data-name={columns.length > 1 ? name : undefined}>{cell(item)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Links to the first and the next page of a list; `address` is the page's own path with its query. */
export function Pager({ address, next }: { address: string; next: string | undefined }): JSX.Element | null {
  const [path, query] = address.split('?', 2);
  const parameters = new URLSearchParams(query);
  const isFirst = !parameters.has('page');
  if (isFirst && next === undefined) return null;
  const to = (page: string | undefined) => {
    const changed = new URLSearchParams(parameters);
    if (page === undefined) changed.delete('page');
    else changed.set('page', page);
    return `${path}?${changed}`;
  };
  return (
    <nav class="row" aria-label="Pages">
      {!isFirst && <a href={to(undefined)}>First page</a>}
      {next !== undefined && <a href={to(next)}>Next page</a>}
    </nav>
  );
}
