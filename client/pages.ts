/** Lists that come in pages, as one iteration. */

/** The parts of a request and a response that paging needs (AIP-158). */
export interface PageRequest {
  pageSize?: number | undefined;
  pageToken?: string | undefined;
}
interface PageResponse {
  nextPageToken?: string | undefined;
}

/** The items of a page: the messages in its list. Other lists are of ids, and about the page. */
export type ItemOf<Page> = {
  [Key in keyof Page]-?: Page[Key] extends readonly (infer Item extends object)[] ? Item : never;
}[keyof Page];

/**
 * A list. Iterate over its items, `for await (const user of users.list({ organizationId }))`, or over its pages, which
 * also have the total and, for users and groups, the cursor from which to watch. Each iteration asks userstore again.
 */
export class Pages<Page extends object> implements AsyncIterable<ItemOf<Page>> {
  readonly #fetch: (paging: PageRequest) => Promise<Page>;

  constructor(fetch: (paging: PageRequest) => Promise<Page>) {
    this.#fetch = fetch;
  }

  /** Yields the responses, each with its items. */
  async *pages(): AsyncGenerator<Page> {
    let paging: PageRequest = {};
    for (;;) {
      const page = await this.#fetch(paging);
      yield page;
      const { nextPageToken } = page as PageResponse;
      if (!nextPageToken) return;
      paging = { pageToken: nextPageToken };
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ItemOf<Page>> {
    for await (const page of this.pages()) yield* itemsIn<Page>(page as Page);
  }

  /** Returns the first item; undefined if there is none. */
  async first(): Promise<ItemOf<Page> | undefined> {
    return itemsIn<Page>((await this.#fetch({ pageSize: 1 })) as Page)[0];
  }

  /** Returns all items. */
  async all(): Promise<ItemOf<Page>[]> {
    const items: ItemOf<Page>[] = [];
    for await (const page of this.pages()) items.push(...itemsIn<Page>(page as Page));
    return items;
  }
}

/** Returns the items of a page: its first field (AIP-158). */
function itemsIn<Page extends object>(page: Page): ItemOf<Page>[] {
  return Object.values(page).find((value) => Array.isArray(value)) ?? [];
}
