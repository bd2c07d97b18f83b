/** The link that signs in once, for a laptop without an identity provider. `npm start` prints it. */
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Returns the check of the code of a link: true once, for the right code. */
export function createOneTimeLink(code: string | undefined): (given: unknown) => boolean {
  let expected = code === undefined ? undefined : digest(code);
  return (given) => {
    if (expected === undefined || typeof given !== 'string' || !timingSafeEqual(digest(given), expected)) return false;
    expected = undefined;
    return true;
  };
}
