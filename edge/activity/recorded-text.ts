/** The bounds of recorded texts: whatever a request holds, its activity is small. Pure. */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';

/** Longest text of an activity in UTF-8. A user name of 256 characters and almost every detail fit. */
const MAX_TEXT_BYTES = 1024;
/** Ids, numbers and times of an activity, at most. */
const FIXED_BYTES = 128;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** An activity with its approximate size in bytes. */
export interface SizedActivity {
  activity: Activity;
  bytes: number;
}

/**
 * Returns the activity with every text cut to MAX_TEXT_BYTES and without ids that userstore cannot have given, which
 * are text of the client; and its size.
 */
export function bounded(activity: Activity): SizedActivity {
  const { userId, groupId } = activity;
  const own: Activity & Record<string, unknown> = {
    ...activity,
    userId: uuidOrNothing(userId),
    groupId: uuidOrNothing(groupId),
  };
  let bytes = FIXED_BYTES;
  for (const name of Object.keys(own)) {
    const value = own[name];
    if (typeof value !== 'string') continue;
    const text = cutToBytes(value, MAX_TEXT_BYTES);
    if (text.length < value.length) own[name] = text;
    bytes += Buffer.byteLength(text);
  }
  return { activity: own, bytes };
}

const uuidOrNothing = (id: string | undefined) => (id !== undefined && UUID.test(id) ? id : undefined);

/** Returns the longest beginning of a text of at most `max` bytes in UTF-8; it ends with a whole character. */
export function cutToBytes(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  // No character has less than one byte for each of its UTF-16 units.
  const bytes = Buffer.from(text.slice(0, max));
  if (bytes.length <= max && text.length <= max) return text;
  let end = Math.min(max, bytes.length);
  // Bytes of the form 10xxxxxx continue a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
