/** The refusals of clients without a credential that ask too often. */
import { setTimeout as sleep } from 'node:timers/promises';

/** The delay of a refusal: it limits a client that ignores Retry-After by its number of connections. */
const REFUSAL_MS = 500;

/** Waits until a client may be refused. */
export const untilRefusal = (): Promise<void> => sleep(REFUSAL_MS);
