/** If-Match and If-None-Match (RFC 7644 section 3.14, RFC 9110 section 13.1): parses the versions of a precondition. */
import { badRequest } from './scim-error.js';

/** Entity tags in userstore's form, W/"7"; or any. */
type Tags = '*' | readonly string[];

/** The preconditions of a request; undefined if the header is absent. */
export interface Precondition {
  ifMatch: Tags | undefined;
  ifNoneMatch: Tags | undefined;
}

const TAGS = /^(?:\s*(?:W\/)?"[^"\s]{0,100}"\s*(?:,|$)){1,20}$/i;

/** Parses these headers. Throws invalidSyntax. */
export const parsePrecondition = (headers: {
  'if-match'?: string | undefined;
  'if-none-match'?: string | undefined;
}): Precondition => ({
  ifMatch: tagsIn('If-Match', headers['if-match']),
  ifNoneMatch: tagsIn('If-None-Match', headers['if-none-match']),
});

function tagsIn(name: string, text: string | undefined): Tags | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === '*') return '*';
  if (!TAGS.test(text)) throw badRequest('invalidSyntax', `${name} must be "*" or versions such as W/"7".`);
  // All versions here are weak: a tag without W/ means the same version.
  return text.match(/"[^"]*"/g)?.map((tag) => `W/${tag}`);
}

/** Returns true if the version is among these. */
export const includes = (tags: Tags, etag: string): boolean => tags === '*' || tags.includes(etag);
