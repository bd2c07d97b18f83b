/** Returns the part of a response that userstore always sends. Throws an Error if it is missing. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Userstore answered without a result; is it of another version?');
  return value;
}
