/** The secret and the creator of API tokens, service accounts, setup links and sessions: digest and name as stored. */
import { createHash } from 'node:crypto';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';

/** Longest name of a person, in characters. */
const MAX_PERSON = 200;

/** Returns the SHA-256 of a secret in hexadecimal: secrets are random, so a fast digest is as safe as a slow one. */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Returns the name of an actor as stored: the caller, and the person behind it. */
export const nameOfActor = (actor: Actor | undefined): string =>
  [actor?.caller, actor?.person?.slice(0, MAX_PERSON)].filter(Boolean).join('/');
