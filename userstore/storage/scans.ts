/**
 * Lists that may read all users or groups of an organization: they take turns, and each has a bound in time, so that
 * fewer of them run beside the calls of other organizations.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { beginCall, pauseOf, signalOf } from '../deadlines.js';
import { DomainError } from '../model/domain-error.js';
import { serializeBy } from '../serialize-by.js';
import { isOutOfTime } from './database-errors.js';

/** The longest time of such a list, without the wait for its turn. */
const SCAN_MS = 5000;
/** The longest wait for a turn. With the time of the list, it ends within the default STORE_DEADLINE_MS of an edge. */
const WAIT_MS = 3000;
/** A database that does not answer within this time cannot be reached, so that no list is too costly. */
const PING_MS = 1000;
/** Such lists at a time, of one organization and in all. */
const OF_ORGANIZATION = 1;
const IN_ALL = 2;
/** An organization rests as long as such a list took, if that was long; at most the maximum. */
const LONG_MS = 50;
const MAX_REST_MS = 1000;

/** Fields with an index in which one value belongs to few. */
const SELECTIVE = new Set(['id', 'user_name', 'display_name', 'external_id', 'emails.value', 'members.value']);

/** Returns whether few match the filter and an index finds them. */
export function isSelective(filter: Filter | undefined, list = ''): boolean {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison': {
      const { field, operator } = expression.value;
      return operator === Operator.OPERATOR_EQUAL && SELECTIVE.has(list + field);
    }
    case 'elementMatch':
      return isSelective(expression.value.filter, `${expression.value.field}.`);
    case 'allOf':
      return expression.value.filters.some((part) => isSelective(part, list));
    case 'anyOf':
      return expression.value.filters.every((part) => isSelective(part, list));
    default:
      return false;
  }
}

/** Returns whether the database answers by then. */
type Answers = (deadline: number) => Promise<boolean>;

/** Creates the turns of the lists of one collection. */
export function createScans(answers: Answers, { scanMs, waitMs } = { scanMs: SCAN_MS, waitMs: WAIT_MS }) {
  const inAll = pLimit(IN_ALL);
  const inTurn = serializeBy(OF_ORGANIZATION);

  /** Runs `work` in the organization's turn, and lets the organization rest after it. Throws LISTS_TOO_MANY. */
  const inLine = <T>(organizationId: string, work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(tooMany(waitMs));
      }, waitMs);
      void inTurn(organizationId, async () => {
        let took = 0;
        await inAll(async () => {
          if (isLate) return;
          clearTimeout(timer);
          const start = performance.now();
          await work().then(resolve, reject);
          took = performance.now() - start;
        });
        if (took > LONG_MS) await sleep(Math.min(MAX_REST_MS, took));
      });
    });

  return {
    /**
     * Runs a read in its turn, as a separate call that ends after `scanMs`. Throws LIST_TOO_COSTLY if that time is over and
     * the database answers. Throws LISTS_TOO_MANY if no turn comes. Throws the error of the driver if the database does not
     * answer, `deadline` comes first, or the caller leaves.
     */
    run: <T>(organizationId: string, deadline: number, read: (deadline: number) => Promise<T>): Promise<T> =>
      inLine(organizationId, async () => {
        const signal = signalOf(deadline);
        signal?.throwIfAborted();
        const end = Date.now() + scanMs;
        const call = beginCall(Math.min(deadline, end), pauseOf(deadline));
        signal?.addEventListener('abort', call.cancel, { once: true });
        try {
          return await read(call.deadline);
        } catch (error) {
          const isOver = Date.now() >= end && !signal?.aborted && isOutOfTime(error);
          if (isOver && (await answers(Date.now() + PING_MS))) throw tooCostly(scanMs);
          throw error;
        } finally {
          signal?.removeEventListener('abort', call.cancel);
          call.end();
        }
      }),
  };
}

const tooMany = (waitMs: number) =>
  new DomainError(
    ErrorReason.ERROR_REASON_LISTS_TOO_MANY,
    `The list reads many users or groups, and waited ${waitMs / 1000} seconds for its turn; try again later.`,
  );

function tooCostly(scanMs: number): DomainError {
  const { ERROR_REASON_LIST_TOO_COSTLY: reason } = ErrorReason;
  const message = `The list was not found within ${scanMs / 1000} seconds, because no index serves its filter or order.`;
  return new DomainError(
    reason,
    `${message} Filter by userName, externalId, id or emails.value, or list without an order.`,
  );
}
