/**
 * The cursor of the event log: a position, and the time when userstore issued it, from which userstore knows whether all
 * events after it are kept. Pure.
 */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from './domain-error.js';
import { pageTokenOf, positionIn } from './paging.js';

const LOG = 'events';
const DAY_MS = 86_400_000;

/** Returns the cursor after a position. */
export const cursorOf = (position: number, now: number): string => pageTokenOf(LOG, [position, new Date(now)]);

/** The content of a cursor. */
export interface CursorContent {
  position: number;
  /** The time when userstore issued it. */
  issueTime: Date;
}

/**
 * Returns what a cursor holds. Throws EVENT_CURSOR_INVALID, or EVENT_CURSOR_EXPIRED if events after it may have been
 * deleted, after `days`.
 */
export function contentOfCursor(cursor: string, days: number, now: number): CursorContent {
  const [position, issueTime] = contentOf(cursor);
  if (now - issueTime.getTime() < days * DAY_MS) return { position, issueTime };
  const message = `Events after this cursor were deleted after ${days} days: list the users and groups again.`;
  throw new DomainError(ErrorReason.ERROR_REASON_EVENT_CURSOR_EXPIRED, message);
}

function contentOf(cursor: string): [position: number, issued: Date] {
  try {
    return positionIn(cursor, LOG, ['version', 'time']) as [number, Date];
  } catch {
    throw new DomainError(ErrorReason.ERROR_REASON_EVENT_CURSOR_INVALID, 'This is not a cursor of the event log.');
  }
}
