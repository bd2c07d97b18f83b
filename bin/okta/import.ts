/** The import: Okta pages through all users, and whoever is missing counts as removed. */

import { unexpected } from './client.js';
import type { Assigned } from './people.js';
import { changed, readPage } from './resource.js';
import type { Okta } from './step.js';

const COUNT = 100;
const PAGES_LIMIT = 20_000;

/** Reads all users in pages of 100 until `startIndex` exceeds `totalResults`, and looks for gaps and doubles. */
export async function importUsers({ send, check, progress }: Okta, people: Assigned[]): Promise<string> {
  const seen = new Set<unknown>();
  const own = new Map<unknown, Assigned>(people.map((person) => [person.shown.id, person]));
  let doubles = 0;
  let total = 1;
  for (let start = 1; start <= total && start <= PAGES_LIMIT * COUNT; start += COUNT) {
    const answer = await send('GET', `Users?startIndex=${start}&count=${COUNT}`);
    if (!check(answer.status === 200, unexpected(answer, 200))) return 'broken off';
    const page = readPage(answer.body);
    if (typeof page === 'string') {
      check(false, `${answer.request}: the answer ${page}`);
      return 'broken off';
    }
    const { startIndex, itemsPerPage, resources } = page;
    const due = Math.max(0, Math.min(COUNT, page.totalResults - start + 1));
    check(startIndex === start, `${answer.request}: startIndex is ${startIndex} in the answer`);
    check(
      itemsPerPage === resources.length,
      `${answer.request}: itemsPerPage is ${itemsPerPage} with ${resources.length} resources`,
    );
    check(
      resources.length === due,
      `${answer.request}: ${resources.length} users instead of ${due}; Okta asks from ${start + COUNT} on next`,
    );
    for (const resource of resources) {
      if (seen.has(resource.id)) doubles++;
      seen.add(resource.id);
      const person = own.get(resource.id);
      if (!person) continue;
      const faults = changed(person.shown, resource);
      check(faults.length === 0, `${person.userName}: the import: ${faults.join('; ')}`);
    }
    total = page.totalResults;
    progress(seen.size, total);
  }
  check(doubles === 0, `${doubles} users came more than once`);
  check(seen.size === total, `${seen.size} different users came, totalResults is ${total}`);
  for (const { shown, userName } of people) {
    check(seen.has(shown.id), `${userName} is missing, so Okta takes the user for removed`);
  }
  return `${seen.size} users read`;
}
