/** Lists that may read all users of an organization: which ones they are, their turns, and their bound in time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { mongo } from 'mongoose';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { beginCall, late } from '../../userstore/deadlines.js';
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

const alive = async () => true;

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
    const scans = createScans(alive);
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
    const scans = createScans(alive);
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
  const failureOf = (error: Error, answers: typeof alive) =>
    createScans(answers, { scanMs: 20, waitMs: 1000 })
      .run('one', soon(), failsLate(error))
      .catch((failure: unknown) => failure);

  for (const [title, error] of [
    ['MongoDB ends it', new mongo.MongoServerError({ message: 'operation exceeded time limit', code: 50 })],
    ['its signal ends it', late()],
    ['the driver ends it', new mongo.MongoOperationTimeoutError('Timed out during socket read')],
  ] as const) {
    it(`is refused as LIST_TOO_COSTLY when ${title}, but not while the database does not answer`, async () => {
      expect(await failureOf(error, alive)).to.include({ reason: ErrorReason.ERROR_REASON_LIST_TOO_COSTLY });
      expect(await failureOf(error, async () => false)).to.equal(error);
    });
  }

  it('is not refused as too costly when the database cannot be reached', async () => {
    const error = new mongo.MongoServerSelectionError('no server', {} as never);
    expect(await failureOf(error, alive)).to.equal(error);
  });

  it('is refused as LISTS_TOO_MANY when its turn does not come in time, and never read', async () => {
    const scans = createScans(alive, { scanMs: 1000, waitMs: 20 });
    let [end, reads] = [() => {}, 0];
    const first = scans.run('one', soon(), () => new Promise<void>((resolve) => (end = resolve)));
    const read = async () => void reads++;
    const failure = await scans.run('one', soon(), read).catch((error: unknown) => error);
    expect(failure).to.include({ reason: ErrorReason.ERROR_REASON_LISTS_TOO_MANY });
    end();
    await first;
    await scans.run('one', soon(), read);
    expect(reads).to.equal(1);
  });

  it('fails as the database does if the deadline of the call comes first', async () => {
    const call = beginCall(Date.now() + 20);
    const failure = await createScans(alive)
      .run('one', call.deadline, failsLate(late()))
      .catch((error: unknown) => error);
    call.end();
    expect(failure).to.include({ name: 'TimeoutError' });
  });

  it('lets the next one run after it has failed', async () => {
    const scans = createScans(alive);
    const failed = scans.run('one', soon(), () => Promise.reject(new Error('no'))).catch(() => 'failed');
    expect(await failed).to.equal('failed');
    expect(await scans.run('one', soon(), async () => 'read')).to.equal('read');
  });
});
