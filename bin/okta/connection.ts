/** Steps about the connection: Okta's "Test API Credentials", and refused requests. */

import { randomUUID } from 'node:crypto';
import { type Answer, StopError, unexpected } from './client.js';
import { type Assigned, creation, isActive, randomPassword } from './people.js';
import { errorFault, readPage } from './resource.js';
import type { Check, Okta } from './step.js';

/** Ids of no user: one from Okta's test suite, one in Okta's form, and a UUID. */
const UNKNOWN_IDS = ['010101001010101011001010101011', '00u-nobody', randomUUID()];

/**
 * Sends the requests of the button "Test API Credentials" and of saving, and the same with a wrong token.
 * Throws StopError unless the credentials work.
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

/** Checks refusals: a userName that an active or an inactive user has, and ids of no user. */
export async function checkRefusals({ send, check }: Okta, people: Assigned[]): Promise<string> {
  const holders = [people.find(isActive), people.find((person) => !isActive(person))];
  for (const holder of holders.filter((person) => person !== undefined)) {
    const copy = creation(holder, randomPassword());
    checkError(check, await send('POST', 'Users', copy), 409, 'uniqueness');
    const upperCased = { ...copy, userName: holder.userName.toUpperCase() };
    checkError(check, await send('POST', 'Users', upperCased), 409, 'uniqueness');
  }
  for (const id of UNKNOWN_IDS) checkError(check, await send('GET', `Users/${id}`), 404);
  return 'userNames in use, unknown ids';
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
  check(fault === undefined, `${answer.request}: ${status} without a valid SCIM error, ${fault}`);
}

/** Returns the same scheme with a token that was never issued. */
function wrongToken(authorization: string): string {
  const [scheme, token] = authorization.split(/\s+/, 2);
  return token === undefined ? randomUUID() : `${scheme} ${randomUUID()}`;
}

function advice(test: Answer): string {
  switch (test.status) {
    case 0:
      return 'The base URL does not answer: check it, and that the server is running.';
    case 401:
    case 403:
      return 'The server refuses the token: check it, and that it belongs to this base URL.';
    case 404:
      return 'There is no SCIM service at the base URL: check it.';
    default:
      return 'The test call failed, so Okta would not save the credentials.';
  }
}
