/** Steps about the connection as such: Okta's "Test API Credentials", and how the server says no. */

import { randomUUID } from 'node:crypto';
import { type Answer, StopError, unexpected } from './client.js';
import { type Assigned, creation, isActive, throwAwayPassword } from './people.js';
import { errorFault, readPage } from './resource.js';
import type { Check, Okta } from './step.js';

/** Ids nobody has: as in Okta's own test suite, of Okta's make, and one that could be right. */
const UNKNOWN_IDS = ['010101001010101011001010101011', '00u-nobody', randomUUID()];

/**
 * What Okta asks when an admin presses the button and then saves, and the same with a wrong token.
 * Rejects with Stop unless the credentials work.
 */
export async function testCredentials({ send, check }: Okta, authorization: string): Promise<string> {
  const test = await send('GET', 'Users?startIndex=1&count=2');
  if (!check(test.status === 200, unexpected(test, 200))) throw new StopError(advice(test));
  checkList(check, test, 2);

  const groups = await send('GET', 'Groups?startIndex=1&count=100');
  if (check(groups.status === 200, unexpected(groups, 200))) checkList(check, groups, 100);

  const wrong = await send('GET', 'Users?startIndex=1&count=2', undefined, wrongToken(authorization));
  checkError(check, wrong, 401);
  return 'test call, groups call, wrong token';
}

/** What must be refused: a userName that is taken, by an active and by an inactive user, and ids nobody has. */
export async function checkRefusals({ send, check }: Okta, people: Assigned[]): Promise<string> {
  const holders = [people.find(isActive), people.find((person) => !isActive(person))];
  for (const holder of holders.filter((person) => person !== undefined)) {
    const copy = creation(holder, throwAwayPassword());
    checkError(check, await send('POST', 'Users', copy), 409, 'uniqueness');
    const shouted = { ...copy, userName: holder.userName.toUpperCase() };
    checkError(check, await send('POST', 'Users', shouted), 409, 'uniqueness');
  }
  for (const id of UNKNOWN_IDS) checkError(check, await send('GET', `Users/${id}`), 404);
  return 'userNames that are taken, ids nobody has';
}

function checkList(check: Check, answer: Answer, count: number): void {
  const page = readPage(answer.body);
  if (typeof page === 'string') {
    check(false, `${answer.request}: the answer ${page}`);
    return;
  }
  const { startIndex, itemsPerPage, resources } = page;
  check(startIndex === 1, `${answer.request}: startIndex is ${startIndex} in the answer`);
  check(
    itemsPerPage === resources.length && resources.length <= count,
    `${answer.request}: itemsPerPage is ${itemsPerPage} with ${resources.length} resources`,
  );
}

/** Checks the status and the SCIM error body, which Okta shows to its admin. */
export function checkError(check: Check, answer: Answer, status: number, scimType?: string): void {
  if (!check(answer.status === status, unexpected(answer, status))) return;
  const fault = errorFault(answer.body, status, scimType);
  check(fault === undefined, `${answer.request}: ${status} without a proper SCIM error, ${fault}`);
}

/** The same scheme word with a token that nobody was given. */
function wrongToken(authorization: string): string {
  const [scheme, token] = authorization.split(/\s+/, 2);
  return token === undefined ? randomUUID() : `${scheme} ${randomUUID()}`;
}

function advice(test: Answer): string {
  switch (test.status) {
    case 0:
      return 'Nothing answers at the base URL: check it, and that the server is up.';
    case 401:
    case 403:
      return 'The server refuses the token: check it, and that it belongs to this base URL.';
    case 404:
      return 'There is no SCIM service at the base URL: check it.';
    default:
      return 'The test call failed, so Okta would not save the credentials.';
  }
}
