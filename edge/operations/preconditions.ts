/**
 * Checks the preconditions of a request against the current version of a resource (RFC 7644 section 3.14). userstore
 * compares a single If-Match version in its own write: domain/users.ts, domain/group-changes.ts.
 */
import { includes, type Precondition } from '../scim/precondition.js';
import { ScimError } from '../scim/scim-error.js';

/** A resource with a version. */
interface Versioned {
  etag: string;
}

/**
 * Returns the etag that userstore must require for a change; undefined for any. If the precondition allows several
 * versions, or all but one, this checks the current version, which `read` returns, and the change then requires that
 * one. Throws ScimError (412).
 */
export async function etagFor(
  { ifMatch, ifNoneMatch }: Precondition,
  read: () => Promise<Versioned>,
): Promise<string | undefined> {
  if (ifNoneMatch === undefined) {
    if (ifMatch === undefined || ifMatch === '*') return undefined;
    if (ifMatch.length === 1) return ifMatch[0];
  }
  const current = await read();
  checkVersion(current, { ifMatch, ifNoneMatch });
  return current.etag;
}

/** Checks that a version meets the precondition. Throws ScimError (412). */
export function checkVersion({ etag }: Versioned, { ifMatch, ifNoneMatch }: Precondition): void {
  if (ifMatch && !includes(ifMatch, etag)) {
    throw new ScimError(412, undefined, `It has changed: the version is ${etag} now.`);
  }
  if (ifNoneMatch && includes(ifNoneMatch, etag)) {
    throw new ScimError(412, undefined, `The version is ${etag}, which If-None-Match excludes.`);
  }
}
