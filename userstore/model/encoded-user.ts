/** A user as an answer has them, encoded already: lists are made of these, because users as objects cost more. Pure. */

import { User } from '../../proto/gen/userstore/v1/user.js';

/** A user in Protocol Buffers, with those values that rules need. */
export interface EncodedUser {
  id: string;
  /** `enterprise.manager.value`, which may be the id of a user. */
  managerId: string | undefined;
  bytes: Uint8Array;
}

/** Encodes a user. */
export const encodedOf = (user: User): EncodedUser => ({
  id: user.id,
  managerId: user.enterprise?.manager?.value,
  bytes: User.encode(user).finish(),
});

/** Returns the user with values that were absent: encodings that follow each other are one message. */
export const withValues = (bytes: Uint8Array, values: Partial<User>): Uint8Array =>
  Buffer.concat([bytes, User.encode(User.fromPartial(values)).finish()]);
