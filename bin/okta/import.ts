/** The import: Okta reads all users in pages. It treats missing users as deleted. */

import { unexpected } from './client.js';
import type { Assigned } from './people.js';
import { changed, readPage } from './resource.js';
import type { Okta } from './step.js';

const COUNT = 100;
const MAX_PAGES = 20_000;

/** Reads all users in pages of 100 until `startIndex` exceeds `totalResults`. Checks for gaps and duplicates. */
export async function importUsers({ send, check, progress }: Okta, people: Assigned[]): Promise<string> {
  const seen = new Set<unknown>();
  const own = new Map<unknown, Assigned>(people.map((person) => [person.shown.id, person]));
  let duplicates = 0;
  let total = 1;
  for (let start = 1; start <= total && start <= MAX_PAGES * COUNT; start += COUNT) {
    const answer = await send('GET', `Users?startIndex=${start}&count=${COUNT}`);
    if (!check(answer.status === 200, unexpected(answer, 200))) return 'aborted';
    const page = readPage(answer.body);
    if (typeof page === 'string') {
      check(false, `${answer.request}: the answer ${page}`);
      return 'aborted';
    }
    const { startIndex, itemsPerPage, resources } = page;
    const expected = Math.max(0, Math.min(COUNT, page.totalResults - start + 1));
    check(startIndex === start, `${answer.request}: startIndex is ${startIndex} in the answer`);
    check(
      itemsPerPage === resources.length,
      `${answer.request}: itemsPerPage is ${itemsPerPage} with ${resources.length} resources`,
    );
    check(
      resources.length === expected,
      `${answer.request}: ${resources.length} users instead of ${expected}; Okta continues at ${start + COUNT}`,
    );
    for (const resource of resources) {
      if (seen.has(resource.id)) duplicates++;
      seen.add(resource.id);
      const person = own.get(resource.id);
      if (!person) continue;
      const faults = changed(person.shown, resource);
      check(faults.length === 0, `${person.userName}: the import: ${faults.join('; ')}`);
    }
    total = page.totalResults;
    progress(seen.size, total);
  }
  check(duplicates === 0, `${duplicates} users were returned more than once`);
  check(seen.size === total, `${seen.size} different users were returned, but totalResults is ${total}`);
  for (const { shown, userName } of people) {
    check(seen.has(shown.id), `${userName} is missing, so Okta treats the user as deleted`);
  }
  return `${seen.size} users read`;
}
