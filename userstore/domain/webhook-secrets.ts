/** The secrets that sign the deliveries of webhooks. They are stored encrypted. */
import { randomBytes } from 'node:crypto';
import type { FoundWebhook, SecretField, WebhookStorage } from '../storage/webhooks.js';
import type { StoredSecret } from './reseal.js';

const SECRET_BYTES = 32;
/** The number of webhooks that one command reads. */
const BATCH = 100;

/** The context that the secret of a webhook is sealed for. */
export const contextOf = (id: string) => `webhook secret of ${id}`;

/** Returns a secret as the Standard Webhooks specification writes it. */
export const newSecret = () => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** Yields the secrets of all webhooks as stored. `deadline` is in epoch milliseconds. */
export async function* storedSecrets(storage: WebhookStorage, deadline: number): AsyncGenerator<StoredSecret> {
  let found: FoundWebhook[];
  let after = '';
  do {
    found = await storage.list(undefined, after, BATCH, deadline);
    for (const { webhook, sealedSecret, sealedPreviousSecret } of found) {
      after = webhook.id;
      const context = contextOf(after);
      for (const [field, sealed] of Object.entries({ sealedSecret, sealedPreviousSecret })) {
        if (sealed === undefined) continue;
        const replace = (resealed: string) =>
          storage.reseal(webhook.id, field as SecretField, sealed, resealed, deadline);
        yield { sealed, context, replace };
      }
    }
  } while (found.length === BATCH);
}
