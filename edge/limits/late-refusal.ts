/** The refusals of clients without a credential that ask too often. */
import { setTimeout as sleep } from 'node:timers/promises';

/** The delay of a refusal: it limits a client that ignores Retry-After by its number of connections. */
const REFUSAL_MS = 500;
/** The most refusals that wait; those beyond are sent at once. One connection may send many requests together. */
const MAX_DELAYED = 1000;

let delayed = 0;

/** Delays a refusal. */
export async function untilRefusal(): Promise<void> {
  if (delayed >= MAX_DELAYED) return;
  delayed++;
  await sleep(REFUSAL_MS);
  delayed--;
}
