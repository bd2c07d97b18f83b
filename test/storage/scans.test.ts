/** Lists that may read all users of an organization: which ones they are, their turns, and their bound in time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { mongo } from 'mongoose';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { beginCall, late, signalOf } from '../../userstore/deadlines.js';
import { createScans, isSelective } from '../../userstore/storage/scans.js';
import { equal } from '../harness/users.js';
import { soon } from './database.js';

const compared = (field: string, operator: Operator) =>
  Filter.fromPartial({
    expression: { $case: 'comparison', value: { field, operator, literal: { $case: 'text', value: 'a' } } },
  } as never);
const all = (...filters: Filter[]): Filter => ({ expression: { $case: 'allOf', value: { filters } } });
const any = (...filters: Filter[]): Filter => ({ expression: { $case: 'anyOf', value: { filters } } });
const element = (field: string, filter: Filter): Filter => ({
  expression: { $case: 'elementMatch', value: { field, filter } },
});

describe('a list that may read all users', () => {
  const selective: [title: string, filter: Filter][] = [
    ['a user name', equal('user_name', 'a')],
    ['an e-mail address of a type', element('emails', all(equal('type', 'work'), equal('value', 'a')))],
    ['an external id and a title', all(equal('title', 'a'), equal('external_id', 'a'))],
    ['one of two ids', any(equal('id', 'a'), equal('id', 'b'))],
    ['a member', equal('members.value', 'a')],
  ];
  for (const [title, filter] of selective) {
    it(`is not one with a filter by ${title}`, () => expect(isSelective(filter)).to.equal(true));
  }

  const others: [title: string, filter: Filter][] = [
    ['a title', equal('title', 'a')],
    ['a part of a user name', compared('user_name', Operator.OPERATOR_CONTAINS)],
    ['a user name or a title', any(equal('user_name', 'a'), equal('title', 'a'))],
    ['the value of a phone number', element('phoneNumbers', equal('value', 'a'))],
    ['other user names', { expression: { $case: 'negation', value: { filter: equal('user_name', 'a') } } }],
  ];
  for (const [title, filter] of others) {
    it(`is one with a filter by ${title}`, () => expect(isSelective(filter)).to.equal(false));
  }

  it('waits while another one of the organization is read', async () => {
    const scans = createScans();
    const steps: string[] = [];
    const read = (name: string) => async () => {
      steps.push(`${name} begins`);
      await sleep(20);
      steps.push(`${name} ends`);
    };
    await Promise.all(['a', 'b', 'c'].map((name) => scans.run('one', soon(), read(name))));
    expect(steps).to.deep.equal(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('runs beside that of another organization, whose further ones wait', async () => {
    const scans = createScans();
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const long = [scans.run('large', soon(), () => ended), scans.run('large', soon(), () => ended)];
    expect(await scans.run('small', soon(), async () => 'read')).to.equal('read');
    end();
    await Promise.all(long);
  });

  /** Fails shortly after the deadline. */
  const failsLate = (error: Error) => (deadline: number) =>
    sleep(Math.max(0, deadline - Date.now()) + 5).then(() => Promise.reject(error));
  const failureOf = (read: (deadline: number) => Promise<unknown>) =>
    createScans(20)
      .run('one', soon(), read)
      .catch((error: unknown) => error);

  for (const [title, error] of [
    ['MongoDB ends it', new mongo.MongoServerError({ message: 'operation exceeded time limit', code: 50 })],
    ['its time is over between two commands', late()],
  ] as const) {
    it(`is refused as LIST_TOO_COSTLY when ${title}`, async () => {
      expect(await failureOf(failsLate(error))).to.include({ reason: ErrorReason.ERROR_REASON_LIST_TOO_COSTLY });
    });
  }

  it('is not refused as too costly when the database cannot be reached', async () => {
    const error = new mongo.MongoServerSelectionError('no server', {} as never);
    expect(await failureOf(failsLate(error))).to.equal(error);
  });

  it('is not refused as too costly when the database does not answer', async () => {
    const unanswered = (deadline: number) =>
      new Promise((_resolve, reject) => {
        const signal = signalOf(deadline);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    expect(await failureOf(unanswered))
      .to.be.instanceOf(DOMException)
      .and.include({ name: 'TimeoutError' });
  });

  it('fails as the database does if the deadline of the call comes first', async () => {
    const call = beginCall(Date.now() + 20);
    const failure = await createScans()
      .run('one', call.deadline, failsLate(late()))
      .catch((error: unknown) => error);
    call.end();
    expect(failure).to.include({ name: 'TimeoutError' });
  });

  it('lets the next one run after it has failed', async () => {
    const scans = createScans();
    const failed = scans.run('one', soon(), () => Promise.reject(new Error('no'))).catch(() => 'failed');
    expect(await failed).to.equal('failed');
    expect(await scans.run('one', soon(), async () => 'read')).to.equal('read');
  });
});
