/** Lists of userstore, which come in pages. */

const PAGE_SIZE = 1000;
/** Highest number of items that a command reads when no limit is given. */
const MAX_ITEMS = 1_000_000;

interface Page {
  nextPageToken?: string | undefined;
}

/**
 * Reads pages until `limit` items are found or there are no more. `read` asks for one page, `itemsOf` takes its items.
 * Also returns the last page, and whether the items are all that exist.
 */
export async function pages<P extends Page, Item>(
  read: (pageSize: number, pageToken: string | undefined) => Promise<P>,
  itemsOf: (page: P) => Item[],
  { limit = MAX_ITEMS, pageSize = PAGE_SIZE }: { limit?: number; pageSize?: number } = {},
): Promise<{ items: Item[]; last: P; isAll: boolean }> {
  const items: Item[] = [];
  let pageToken: string | undefined;
  for (;;) {
    const last = await read(Math.min(limit - items.length, pageSize), pageToken);
    items.push(...itemsOf(last));
    pageToken = last.nextPageToken;
    if (pageToken === undefined || items.length >= limit) return { items, last, isAll: pageToken === undefined };
  }
}
