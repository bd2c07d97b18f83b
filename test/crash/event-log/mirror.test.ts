/** The checker of the event log sees what it has to see: events that are missing, doubled or out of order. */
import { expect } from 'chai';
import { Event } from '../../../proto/gen/userstore/v1/event.js';
import { userNamed } from '../../harness/users.js';
import { Mirror } from './mirror.js';
import { Ledger } from './writers.js';

const changed = (version: number, title = `title ${version}`) =>
  Event.fromPartial({
    id: `ana/${version}`,
    resourceId: 'ana',
    resourceVersion: version,
    resourceType: 'User',
    resource: { $case: 'user', value: userNamed('ana', { title }) },
  });

const mirrorOf = (events: Event[], isListed = false) => {
  const mirror = new Mirror(isListed);
  for (const event of events) mirror.apply(event);
  return mirror;
};

describe('the checker of the event log', () => {
  it('finds no fault in each version once and in order', () => {
    const mirror = mirrorOf([changed(1), changed(2), changed(3)]);
    expect(mirror.faults).to.deep.equal([]);
    expect(mirror.state().users).to.deep.equal([{ id: 'ana', title: 'title 3', active: true }]);
  });

  for (const [fault, versions] of [
    ['a missing version', [1, 3]],
    ['a version that comes twice', [1, 2, 2]],
    ['an earlier version after a later one', [1, 3, 2]],
  ] as const) {
    it(`finds ${fault}`, () => {
      expect(mirrorOf(versions.map((version) => changed(version))).faults).not.to.deep.equal([]);
    });
  }

  it('ignores the versions before a list, and finds a hole after it', () => {
    const mirror = new Mirror(true);
    mirror.versions.set('ana', 2);
    for (const event of [changed(1), changed(2), changed(3)]) mirror.apply(event);
    expect(mirror.faults).to.deep.equal([]);
    mirror.apply(changed(5));
    expect(mirror.faults).to.have.length(1);
  });

  it('takes the events of a user that was deleted while it listed', () => {
    const mirror = new Mirror(true);
    for (const event of [changed(2), changed(3)]) mirror.apply(event);
    expect(mirror.faults).to.deep.equal([]);
    mirror.apply(changed(5));
    expect(mirror.faults).to.have.length(1);
  });

  it('finds acknowledged changes that are missing, or have another value', () => {
    const ledger = new Ledger();
    ledger.changes.push({ id: 'ana', version: 1 }, { id: 'ana', version: 2, title: 'title 2' });
    ledger.deleted.push('ben');
    expect(ledger.missingIn(mirrorOf([changed(1), changed(2)]))).to.deep.equal(['deletion of ben']);
    expect(ledger.missingIn(mirrorOf([changed(1)]))).to.deep.equal(['ana/2', 'deletion of ben']);
    expect(ledger.missingIn(mirrorOf([changed(1), changed(2, 'other')]))).to.deep.equal(['ana/2', 'deletion of ben']);
  });
});
