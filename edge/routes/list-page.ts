/**
 * The page of a list that a client asks for. A page of userstore has few bytes, so that one message takes neither process
 * long. A client whose next page begins where it expects the end of this one, as Okta does, would miss what such a page
 * lacks, so the rest is read and rendered part by part.
 */
import type { Page } from '../operations/resources.js';
import type { JsonObject } from '../scim/json.js';
import type { ListQuery } from '../scim/list.js';
import { Turn } from '../turn.js';
import { ListText } from './list-text.js';

/** Most bytes of the text of a page of several parts, in addition to those of its last part. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** A rendered page; `totalSize` does not count what was deleted while it was rendered. */
export interface RenderedPage {
  resources: JsonObject[] | ListText;
  totalSize: number;
  nextPageToken: string | undefined;
}

/** Reads and renders a page: all that the query asks for, or less if it is too large. */
export async function readPage<R>(
  query: ListQuery,
  read: (query: ListQuery) => Promise<Page<R>>,
  render: (resources: readonly R[]) => JsonObject[] | Promise<JsonObject[]>,
): Promise<RenderedPage> {
  let { resources, totalSize, nextPageToken } = await read(query);
  let rendered = await render(resources);
  let count = resources.length;
  if (nextPageToken === undefined || count >= query.count) {
    return { resources: rendered, totalSize: totalSize - (count - rendered.length), nextPageToken };
  }
  const text = new ListText();
  text.append(rendered);
  const turn = new Turn();
  while (nextPageToken !== undefined && count < query.count && text.bytes < MAX_TEXT_BYTES) {
    // The parts are about as large as the last one: userstore should not read much more than fits in one.
    const size = Math.min(query.count - count, 2 * resources.length);
    ({ resources, nextPageToken } = await read({ ...query, cursor: nextPageToken, count: size }));
    // Parts of several requests may arrive together.
    await turn.next();
    rendered = await render(resources);
    text.append(rendered);
    count += resources.length;
  }
  const least = query.startIndex - 1 + count + (nextPageToken === undefined ? 0 : 1);
  return { resources: text, totalSize: Math.max(totalSize, least) - (count - text.length), nextPageToken };
}
