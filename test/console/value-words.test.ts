import { expect } from 'chai';
import { inWords } from '../../console/value-words.js';

describe('the value of a change', () => {
  for (const [name, text, words] of [
    ['state', '"STATE_ACTIVE"', 'active'],
    ['role', '"ROLE_READER"', 'reader'],
    ['keptBodies', '"KEPT_BODIES_FAILURES"', 'failures'],
    ['policy', '{"denyCreate":true,"rehire":"REHIRE_POLICY_REACTIVATE"}', '{"denyCreate":true,"rehire":reactivate}'],
    ['expireTime', '"2026-12-04T09:00:00.000Z"', '2026-12-04 09:00:00 UTC'],
    ['allBodiesUntil', '"2026-12-04T09:00:00.000Z"', '2026-12-04 09:00:00 UTC'],
  ] as const) {
    it(`is in words: ${name}`, () => {
      expect(inWords(name, text)).to.equal(words);
    });
  }

  for (const [name, text] of [
    ['title', '"STATE_ACTIVE"'],
    ['urn:oakstreet:1.0:User:state', '"STATE_ACTIVE"'],
    ['urn:oakstreet:1.0:User:endTime', '"2026-12-04T09:00:00.000Z"'],
    ['expireTime', '"soon"'],
  ] as const) {
    it(`is as Okta sent it, or as it is stored: ${name}: ${text}`, () => {
      expect(inWords(name, text)).to.equal(text);
    });
  }
});
