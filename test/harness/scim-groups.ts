/** Groups over SCIM, for tests: Okta's requests and the answers that it needs. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Answer, createUser, oktaUser, patchBody, type Scim, uniqueName } from './scim.js';

export const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** A displayName that no group has, with characters that need care in filters. */
export const uniqueGroupName = (): string => `R&D "Été" \\ ${randomUUID()}`;

/** Okta's body for a new group. */
export const oktaGroup = (
  displayName: string,
  userIds: readonly string[] = [],
  more: Record<string, unknown> = {},
) => ({
  schemas: [CORE_GROUP],
  displayName,
  members: userIds.map((value) => ({ value })),
  ...more,
});

/** Creates a group with a unique name; returns the answer. */
export async function createGroup(
  scim: Scim,
  userIds: readonly string[] = [],
  more: Record<string, unknown> = {},
): Promise<Answer['body']> {
  const answer = await scim('POST', '/Groups', oktaGroup(uniqueGroupName(), userIds, more));
  expect(answer.status, answer.text).to.equal(201);
  return answer.body;
}

/** Reads a group. */
export async function getGroup(scim: Scim, id: string): Promise<Answer['body']> {
  const answer = await scim('GET', `/Groups/${id}`);
  expect(answer.status, answer.text).to.equal(200);
  return answer.body;
}

/** Patches a small group, which must be answered as it then is read. */
export async function patchGroup(scim: Scim, id: string, ...operations: unknown[]): Promise<Answer['body']> {
  const answer = await scim('PATCH', `/Groups/${id}`, patchBody(...operations));
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.body).to.deep.equal(await getGroup(scim, id));
  return answer.body;
}

/** The ids of a group's members. */
export const idsIn = ({ members }: Answer['body']): string[] => members.map(({ value }: { value: string }) => value);

/** Creates `count` users one after the other, so that their ids are in the order of creation. */
export async function createUsers(scim: Scim, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push((await createUser(scim)).id);
  return ids;
}

/** Creates very many users, in Bulk requests. */
export async function createManyUsers(scim: Scim, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const size = Math.min(250, Math.ceil((count - ids.length) / 4));
    const answers = await Promise.all(Array.from({ length: 4 }, () => scim('POST', '/Bulk', creations(size))));
    for (const { body, text } of answers) {
      for (const { status, location } of body.Operations) {
        expect(status, text).to.equal('201');
        ids.push(location.split('/').at(-1));
      }
    }
  }
  return ids.slice(0, count);
}

const creations = (count: number) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
  Operations: Array.from({ length: count }, (_, index) => ({
    ...{ method: 'POST', path: '/Users', bulkId: `u${index}` },
    data: oktaUser(uniqueName(), { name: undefined, emails: undefined }),
  })),
});

/** The list of groups that a filter chooses. */
export const groupsBy = (filter: string) => `/Groups?filter=${encodeURIComponent(filter)}&startIndex=1&count=100`;
