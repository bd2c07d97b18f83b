/** Sealed values: encrypted and authenticated state that a browser keeps for a limited time. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';

/** The purpose of a sealed value; a value for another purpose does not open. */
type Purpose = 'attempt' | 'choice';

/** Seals and signs with keys that derive from the installation's secret. */
export type Seals = ReturnType<typeof createSeals>;

/** Creates the seals. Edges with the same secret open each other's values. */
export function createSeals(secret: string) {
  const keyFor = (use: string) => new Uint8Array(hkdfSync('sha256', secret, '', `leasehawk sign-in ${use}`, 32));
  const sealKey = keyFor('seal');
  const signKey = keyFor('mark');
  const signatureOf = (value: string) => createHmac('sha256', signKey).update(value).digest();

  return {
    /** Seals a value for the given seconds. The text is safe in a cookie. */
    seal: (purpose: Purpose, value: Record<string, string>, seconds: number): Promise<string> =>
      new EncryptJWT(value)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(purpose)
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .encrypt(sealKey),

    /** Opens a value. Returns undefined if it is too old, for another purpose, or not sealed with this secret. */
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

    /** Signs a value (HMAC-SHA-256). */
    sign: (value: string): string => signatureOf(value).toString('base64url'),

    /** Returns true if the signature belongs to the value. */
    verify(value: string, signature: string): boolean {
      const given = Buffer.from(signature, 'base64url');
      const expected = signatureOf(value);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
