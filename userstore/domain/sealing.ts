/** Encryption of stored secrets with AES-256-GCM, each for one organization and one purpose. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';

const CIPHER = 'aes-256-gcm';
/** In bytes, as NIST SP 800-38D recommends them. */
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** Seals with the first of its keys, and opens with all of them. */
export type Sealer = ReturnType<typeof createSealer>;

/**
 * Creates a sealer with keys of 32 bytes. A sealed text is the id of the key, which reveals nothing about it, a dot,
 * and the encrypted bytes in base64url. It opens only with the `context` it was sealed with: its owner and purpose.
 */
export function createSealer(keys: readonly Buffer[]) {
  const byId = new Map(keys.map((key) => [idOf(key), key]));
  const [currentId] = byId.keys();

  return {
    /** Seals a text. Throws SECRET_KEY_MISSING. */
    seal(text: string, context: string): string {
      const key = currentId === undefined ? undefined : byId.get(currentId);
      if (!key) throw missing('This userstore has no key to encrypt secrets with');
      const iv = randomBytes(IV_LENGTH);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${currentId}.${sealed.toString('base64url')}`;
    },

    /** Opens a sealed text. Throws SECRET_KEY_MISSING, or an Error if it was altered or sealed with another context. */
    open(sealed: string, context: string): string {
      const [id = '', text = ''] = sealed.split('.');
      const key = byId.get(id);
      if (!key) throw missing(`This userstore does not have the key ${id}, which a secret is encrypted with`);
      const bytes = Buffer.from(text, 'base64url');
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_LENGTH), { authTagLength: TAG_LENGTH })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(-TAG_LENGTH));
      const opened = Buffer.concat([decipher.update(bytes.subarray(IV_LENGTH, -TAG_LENGTH)), decipher.final()]);
      return opened.toString('utf8');
    },

    /** Returns whether this sealer has the key that the text was sealed with. */
    hasKey: (sealed: string): boolean => byId.has(sealed.split('.')[0] ?? ''),

    /** Returns whether the text was sealed with the current key. */
    isCurrent: (sealed: string): boolean => sealed.startsWith(`${currentId}.`),
  };
}

const idOf = (key: Buffer) => createHash('sha256').update('key id').update(key).digest('hex').slice(0, 12);

const missing = (what: string) =>
  new DomainError(ErrorReason.ERROR_REASON_SECRET_KEY_MISSING, `${what}: set SECRET_KEY, the same at every userstore.`);
