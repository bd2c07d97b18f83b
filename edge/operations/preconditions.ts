/** The conditions of a request held against the version there is (RFC 7644 section 3.14). */

import { includes, type Precondition } from '../scim/precondition.js';
import { ScimError } from '../scim/scim-error.js';

/** Something that has a version. */
interface Versioned {
  etag: string;
}

/**
 * The etag that a change has to be made under; undefined for any. What more than one version, or any but one, is right
 * for is decided here by the one that `read` shows, and holds only if it is still that one. Throws 412.
 */
export async function etagFor(
  { ifMatch, ifNoneMatch }: Precondition,
  read: () => Promise<Versioned>,
): Promise<string | undefined> {
  if (ifNoneMatch === undefined) {
    if (ifMatch === undefined || ifMatch === '*') return undefined;
    if (ifMatch.length === 1) return ifMatch[0];
  }
  const found = await read();
  checkVersion(found, { ifMatch, ifNoneMatch });
  return found.etag;
}

/** Refuses what is meant for another version. Throws 412. */
export function checkVersion({ etag }: Versioned, { ifMatch, ifNoneMatch }: Precondition): void {
  if (ifMatch && !includes(ifMatch, etag)) {
    throw new ScimError(412, undefined, `It has changed: the version is ${etag} now.`);
  }
  if (ifNoneMatch && includes(ifNoneMatch, etag)) {
    throw new ScimError(412, undefined, `The version is ${etag}, which If-None-Match excludes.`);
  }
}
