/**
 * Page tokens: a position in a list as text that only this store reads. It holds nothing of the server's, so it is
 * valid for ever and at every userstore, and nothing that has to be secret: organizations are told apart by the
 * request.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { ListUsersRequest, type Order } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../model/domain-error.js';
import type { Kind, Position } from './orders.js';

/** Longer than any token that is given out; in characters. */
const MAX_TOKEN_LENGTH = 4096;
/** In characters of six bits. */
const IDENTITY_LENGTH = 16;

/** Tells lists with different filters or orders apart; 16 characters. */
export function identityOf(filter: Filter | undefined, order: Order | undefined): string {
  const request = ListUsersRequest.encode({ organizationId: '', filter, order, skip: 0 }).finish();
  return digestOf(request);
}

/** Tells lists apart by what they are of; 16 characters. */
export const digestOf = (list: string | Uint8Array): string =>
  hash('sha256', list, 'base64url').slice(0, IDENTITY_LENGTH);

/** The token of the page after this position: base64url, at most 4096 characters. */
export function pageTokenOf(identity: string, position: Position): string {
  const values = position.map((value) => (value instanceof Date ? value.getTime() : value));
  return Buffer.from(JSON.stringify([identity, ...values])).toString('base64url');
}

/** How the values of a position lie in a token. */
const VALUES = {
  text: z.string().nullable(),
  flag: z.boolean().nullable(),
  version: z.number().nullable(),
  time: z
    .int()
    .min(0)
    .max(8.64e15)
    .transform((time) => new Date(time)),
};

/** The position in a token of this list, one value of each kind. Throws PAGE_TOKEN_INVALID for anything else. */
export function positionIn(token: string, identity: string, kinds: readonly Kind[]): Position {
  const [of, ...values] = contentOf(token);
  if (of !== identity || values.length !== kinds.length) throw invalid();
  return kinds.map((kind, index) => {
    const { success, data } = VALUES[kind].safeParse(values[index]);
    if (!success) throw invalid();
    return data;
  });
}

function contentOf(token: string): unknown[] {
  if (!/^[\w-]+$/.test(token) || token.length > MAX_TOKEN_LENGTH) throw invalid();
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(content)) return content;
  } catch {
    // What is no JSON is no token.
  }
  throw invalid();
}

const invalid = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID,
    'The page token is not one that was given out for this filter and order.',
  );
