/** Whatever text or body comes, the parsers of filters, paths and PATCH give a result or a refusal, and soon. */
import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import { parseFilter } from '../../../edge/scim/filter.js';
import type { JsonObject } from '../../../edge/scim/json.js';
import { groupPatchSteps } from '../../../edge/scim/patch-group.js';
import { parsePath } from '../../../edge/scim/patch-path.js';
import { patchSteps } from '../../../edge/scim/patch-user.js';
import { GROUP } from '../../../edge/scim/resource-types.js';
import { ScimError } from '../../../edge/scim/scim-error.js';
import { slowness } from '../../harness/slowness.js';
import { resultOf } from '../../harness/steps.js';

const STALL_MS = 50;
const RUNS = 5000;

const PIECES = [
  'userName',
  'emails',
  'members',
  'name.givenName',
  'meta.created',
  'active',
  'urn:ietf:params:scim:schemas:core:2.0:User:',
  'urn:acme:1.0:User:badge',
  '.value',
  '.',
  ':',
  '[',
  ']',
  '(',
  ')',
  ' ',
  'type',
  ' eq ',
  ' ne ',
  ' co ',
  ' pr',
  ' gt ',
  ' and ',
  ' or ',
  'not ',
  'not(',
  '"a"',
  '"',
  '\\',
  '\\"',
  '"\\u00e9"',
  '"2026-01-01T00:00:00Z"',
  'true',
  'null',
  '12',
  '-1.5e3',
  '$ref',
  '__proto__',
  'constructor',
  '\0',
  '\n',
  'é',
  '😀',
  '\ud800',
];
const VALID = [
  'userName eq "ana@x.example"',
  'emails[type eq "work" and value co "@x"].value',
  'not (title pr) or (name.familyName sw "B" and active eq true)',
  'meta.lastModified ge "2026-01-01T00:00:00.000+02:00"',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName ew "x"',
];

/** A valid text in which something was cut out, doubled, swapped or put in. */
const mutated = fc
  .tuple(fc.constantFrom(...VALID), fc.nat(), fc.nat(30), fc.constantFrom(...PIECES), fc.nat(3))
  .map(([text, at, length, piece, kind]) => {
    const start = at % text.length;
    const part = text.slice(start, start + length);
    const middle = [piece, part + part, '', part + piece][kind] ?? '';
    return text.slice(0, start) + middle + text.slice(start + length);
  });
const anyText: Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join('')),
  fc.tuple(fc.constantFrom(...PIECES), fc.nat(1000)).map(([piece, count]) => piece.repeat(count).slice(0, 4096)),
  mutated,
);

/** Runs the parser. It must return a result or throw a ScimError, each within the time limit. */
function survives(parse: () => unknown): void {
  const start = performance.now();
  try {
    parse();
  } catch (error) {
    expect(error).to.be.instanceOf(ScimError);
    expect((error as ScimError).status).to.equal(400);
  }
  let took = performance.now() - start;
  // A pause of the machine is no stall of the parser: that would be there again.
  for (let tries = 0; took >= STALL_MS && tries < 3; tries++) {
    const again = performance.now();
    try {
      parse();
    } catch {
      // Looked at above.
    }
    took = Math.min(took, (performance.now() - again) / slowness());
  }
  expect(took, 'milliseconds').to.be.below(STALL_MS);
}

const anyJson: Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  anyText,
  fc.constantFrom('True', 'false', '', null, [], {}, 7, [{ value: 'a' }], { active: false }, { 'name.givenName': 'x' }),
);
const anyOperation = fc.record(
  {
    op: fc.oneof(fc.constantFrom('add', 'Replace', 'REMOVE'), anyText),
    path: fc.oneof(
      anyText,
      fc.constantFrom(
        'active',
        'emails',
        'name',
        'emails[type eq "work"].value',
        'members',
        'members[value eq "a"]',
        '',
      ),
    ),
    value: fc.oneof(anyJson, fc.dictionary(anyText, anyJson, { maxKeys: 5 })),
  },
  { requiredKeys: ['op'] },
);
const anyBody = fc.record({
  schemas: fc.constant(['urn:ietf:params:scim:api:messages:2.0:PatchOp']),
  Operations: fc.oneof(fc.array(anyOperation, { maxLength: 5 }), anyJson),
});

describe('fuzzing', () => {
  it(`a filter of any text is a tree or invalidFilter, within ${STALL_MS} ms`, () => {
    fc.assert(
      fc.property(anyText, (text) => survives(() => parseFilter(text))),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(anyText, (text) => survives(() => parseFilter(text, [], GROUP))),
      { numRuns: RUNS },
    );
  }).timeout(60_000);

  it(`a path of any text names something or is refused, within ${STALL_MS} ms`, () => {
    fc.assert(
      fc.property(anyText, (text) => survives(() => parsePath(text))),
      { numRuns: RUNS },
    );
  }).timeout(60_000);

  it(`a PATCH of any operations is read or refused, within ${STALL_MS} ms`, () => {
    fc.assert(
      fc.property(anyBody, (body) => survives(() => resultOf(patchSteps(body as JsonObject)))),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(anyBody, (body) => survives(() => resultOf(groupPatchSteps(body as JsonObject, 'g')))),
      { numRuns: RUNS },
    );
  }).timeout(60_000);

  it('the time a filter takes grows with its length, not faster', () => {
    const took = (text: string) => {
      const start = performance.now();
      for (let run = 0; run < 20; run++) {
        try {
          parseFilter(text);
        } catch {
          // How long it takes is all that counts.
        }
      }
      return performance.now() - start;
    };
    for (const piece of PIECES) {
      const grown = Math.min(...[1, 2, 3].map(() => took(piece.repeat(4096).slice(0, 4096))));
      expect(grown / 20, `milliseconds for ${JSON.stringify(piece)}`).to.be.below(STALL_MS / 5);
    }
  });
});
