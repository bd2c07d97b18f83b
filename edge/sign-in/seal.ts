/** What a browser keeps for the edge and can neither read nor change: values encrypted and authenticated, for a time. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';

/** What a sealed value is for: one made for another purpose is not opened. */
type Purpose = 'attempt' | 'choice';

/** Seals and marks with keys that follow from the installation's secret. */
export type Seals = ReturnType<typeof createSeals>;

/** All edges with the same secret open each other's. */
export function createSeals(secret: string) {
  const keyFor = (use: string) => new Uint8Array(hkdfSync('sha256', secret, '', `leasehawk sign-in ${use}`, 32));
  const sealKey = keyFor('seal');
  const markKey = keyFor('mark');
  const markOf = (value: string) => createHmac('sha256', markKey).update(value).digest();

  return {
    /** Seals a value for so many seconds; the text is safe in a cookie. */
    seal: (purpose: Purpose, value: Record<string, string>, seconds: number): Promise<string> =>
      new EncryptJWT(value)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(purpose)
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .encrypt(sealKey),

    /** The value; undefined where it is too old, for another purpose, or was not sealed here. */
    async open(purpose: Purpose, sealed: string): Promise<Record<string, unknown> | undefined> {
      try {
        const options = {
          audience: purpose,
          requiredClaims: ['exp'],
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        };
        return (await jwtDecrypt(sealed, sealKey, options)).payload;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },

    /** A mark that nobody else can make of a value. */
    mark: (value: string): string => markOf(value).toString('base64url'),

    /** Whether it is that value's mark. */
    isMark(value: string, mark: string): boolean {
      const given = Buffer.from(mark, 'base64url');
      const expected = markOf(value);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
