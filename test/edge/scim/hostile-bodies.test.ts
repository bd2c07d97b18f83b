/**
 * No body occupies the event loop for long: each step of the worst ones of 5 MB takes at most about 50 ms, which `npm run
 * bench -- --hostile` measures. Here twice as much is allowed, for garbage collection and for what runs beside.
 */
import { expect } from 'chai';
import { groupSteps } from '../../../edge/scim/group.js';
import { bodySteps, type JsonObject } from '../../../edge/scim/json.js';
import { groupPatchSteps } from '../../../edge/scim/patch-group.js';
import { PATCH_OP } from '../../../edge/scim/patch-request.js';
import { patchSteps } from '../../../edge/scim/patch-user.js';
import { ScimError } from '../../../edge/scim/scim-error.js';
import { DEFAULT_SETTINGS } from '../../../edge/scim/settings.js';
import { userSteps } from '../../../edge/scim/user.js';
import { slowness } from '../../harness/slowness.js';

/** In milliseconds on a machine that is not slow; the best try counts. */
const LIMIT_MS = 100;
/** The first tries also compile the code. */
const TRIES = 10;
const BYTES = 5 * 1024 * 1024;

const list = (values: readonly string[]) => `{"a":[${values.join(',')}]}`;
const many = (count: number, of: (index: number) => string) =>
  list(Array.from({ length: count }, (_, index) => of(index)));
const text = (unit: string) => `{"a":"${unit.repeat(Math.floor((BYTES - 20) / Buffer.byteLength(unit)))}"}`;
const object = (names: number, prefix: string) =>
  `{${Array.from({ length: names }, (_, index) => `"${prefix}${index}":1`).join(',')}}`;

const BODIES: [title: string, text: string][] = [
  ['text of two bytes a letter', text('é')],
  ['text of three bytes a letter', text('€')],
  ['escaped text', text('\\u00e9')],
  ['line breaks', text('\\n')],
  ['1,700,000 empty lists', many(1_700_000, () => '[]')],
  ['249,000 empty lists', many(249_000, () => '[]')],
  ['249,000 empty objects', many(249_000, () => '{}')],
  ['long numbers', many(220_000, () => '1.7976931348623157e308')],
  ['240,000 texts', many(240_000, () => '"éaaaaaaaaaaaaaaaa"')],
  ['66,000 members', many(66_000, (index) => `{"value":"0199f7c1-0000-7000-8000-${index}","type":"User"}`)],
  ['200,000 names, all different', many(100, (index) => object(1990, `n${index}_`))],
  ['200,000 objects of one name each, all different', many(200_000, (index) => object(1, `n${index}_`))],
  ['12,000 objects of 16 names, all different', many(12_000, (index) => object(16, `n${index}_`))],
  ['as many different objects as are allowed', many(4990, (index) => object(1, `n${index}_`))],
  ['two names in 95 x 95 orders', many(95_000, (i) => `{"a${i % 95}":1,"b${Math.floor(i / 95) % 95}":1}`)],
  ['50 objects of 1000 names', many(50, () => object(1000, 'n'))],
];

const operations = (count: number, operation: unknown) => ({
  schemas: [PATCH_OP],
  Operations: Array(count).fill(operation),
});
const terms = (count: number, term: string) => Array(count).fill(term).join(' or ');
const USER = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'x' };
const GROUP = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'x' };
const attributes = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`a${index}`, 'v']));
const emails = Array.from({ length: 1000 }, (_, index) => ({ value: `${index}@x.example`, type: 'work' }));

const MESSAGES: [title: string, steps: () => Iterator<void, unknown>][] = [
  [
    'PATCH of 1000 filters of 48 terms',
    patchOf(operations(1000, { op: 'remove', path: `emails[${terms(48, 'type eq "a"')}]` })),
  ],
  [
    'PATCH of as many terms as are allowed',
    patchOf(operations(40, { op: 'remove', path: `emails[${terms(48, 'type eq "a"')}]` })),
  ],
  [
    'PATCH of 1000 nested filters',
    patchOf(operations(1000, { op: 'remove', path: `emails[${'not ('.repeat(20)}type eq "a"${')'.repeat(20)}]` })),
  ],
  [
    'PATCH of filters in names',
    patchOf(
      operations(1, {
        op: 'add',
        value: Object.fromEntries(
          Array.from({ length: 1000 }, (_, i) => [`emails[${terms(48, `type eq "${i}"`)}].value`, 'x']),
        ),
      }),
    ),
  ],
  [
    'PATCH of 60 lists of 1000 e-mail addresses',
    patchOf(operations(60, { op: 'replace', path: 'emails', value: emails })),
  ],
  [
    'PATCH of a group with 1100 filters',
    () => groupPatchSteps(operations(1100, { op: 'remove', path: `members[${terms(48, 'value eq "a"')}]` }), 'g'),
  ],
  [
    'PATCH of a group with 100,000 members',
    () =>
      groupPatchSteps(
        operations(1, {
          op: 'add',
          path: 'members',
          value: Array.from({ length: 100_000 }, (_, i) => ({ value: `u${i}` })),
        }),
        'g',
        { ...DEFAULT_SETTINGS, strictSchemas: true },
      ),
  ],
  [
    'PATCH of an extension with 1000 attributes',
    patchOf(operations(1, { op: 'replace', value: { 'urn:x:1.0:User': attributes } })),
  ],
  [
    'group of 100,000 members',
    () =>
      groupSteps({ ...GROUP, members: Array.from({ length: 100_000 }, (_, i) => ({ value: `u${i}`, type: 'User' })) }),
  ],
  [
    'user of 200 extensions with 1000 attributes',
    () =>
      userSteps({
        ...USER,
        ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`urn:x:${i}:1.0:User`, attributes])),
      }),
  ],
  [
    'user with 7 lists of 32,000 values',
    () =>
      userSteps({
        ...USER,
        'urn:x:1.0:User': Object.fromEntries('abcdefg'.split('').map((name) => [name, Array(32_000).fill(1)])),
      }),
  ],
];

function patchOf(body: JsonObject) {
  return () => patchSteps(body);
}

/** Returns the longest step, in milliseconds. A refusal ends the steps. */
function longestStep(steps: Iterator<void, unknown>): number {
  let longest = 0;
  for (let done: boolean | undefined = false; !done; ) {
    const start = performance.now();
    const usage = process.cpuUsage();
    try {
      done = steps.next().done;
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      done = true;
    }
    // Other tests run at the same time: the time of the processor says what the step took.
    const { user, system } = process.cpuUsage(usage);
    longest = Math.max(longest, Math.min(performance.now() - start, (user + system) / 1000));
  }
  return longest;
}

function expectShort(steps: () => Iterator<void, unknown>): void {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && best > LIMIT_MS; tries++) {
    const longest = longestStep(steps());
    best = Math.min(best, longest > LIMIT_MS ? longest / slowness() : longest);
  }
  expect(best, 'milliseconds').to.be.below(LIMIT_MS);
}

describe('a hostile body', () => {
  for (const [title, body] of BODIES) {
    it(`of ${title} is parsed in short steps`, () => {
      const bytes = Buffer.from(body);
      expect(bytes.length).to.be.at.most(BYTES + 600_000);
      expectShort(() => bodySteps(bytes));
    });
  }
  for (const [title, steps] of MESSAGES) {
    it(`that is a ${title} is read in short steps`, () => expectShort(steps));
  }
});
