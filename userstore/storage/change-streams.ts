/**
 * Change streams, which replica sets and sharded clusters have. They only say that something was written: who is told
 * reads it as without them, so a stream that is late, ends or does not exist costs time and nothing else.
 */
import type { Connection } from 'mongoose';
import { mongo } from 'mongoose';
import { MAJORITY_READ } from './connect.js';

/** The functions to call after writes, soon and perhaps several times. */
export interface WriteListeners {
  /** A document has a change in its outbox. */
  onChange: () => void;
  /** The log has a new event. */
  onEvent: () => void;
}

/** The server's code of "$changeStream is only supported on replica sets". */
const NO_CHANGE_STREAMS = 40573;
const LOG = 'events';
const RECORDS = ['organizations', 'apiTokens', 'ssoConnections', 'setupLinks', 'webhooks', 'serviceAccounts'];
const WITH_OUTBOX = ['users', 'groups', ...RECORDS];

/** Writes of outboxes and events; a flush that empties an outbox is none. */
const PIPELINE = [
  {
    $match: {
      'ns.coll': { $in: [...WITH_OUTBOX, LOG] },
      operationType: { $in: ['insert', 'update', 'replace'] },
      'updateDescription.removedFields': { $ne: 'unmoved' },
    },
  },
  { $project: { 'ns.coll': 1 } },
];

/**
 * Follows writes until `stopped` is aborted. Returns false if the deployment has no change streams. Throws if the stream
 * ends otherwise; the driver resumes it after an election by itself.
 */
export async function followWrites(
  connection: Connection,
  { onChange, onEvent }: WriteListeners,
  stopped: AbortSignal,
): Promise<boolean> {
  const stream = connection.getClient().db(connection.name).watch(PIPELINE, MAJORITY_READ);
  const close = () => void stream.close().catch(() => undefined);
  stopped.addEventListener('abort', close, { once: true });
  try {
    for await (const { ns } of stream as AsyncIterable<{ ns: { coll: string } }>) {
      if (ns.coll === LOG) onEvent();
      else onChange();
    }
  } catch (error) {
    if (stopped.aborted) return true;
    if (error instanceof mongo.MongoServerError && error.code === NO_CHANGE_STREAMS) return false;
    throw error;
  } finally {
    stopped.removeEventListener('abort', close);
    close();
  }
  return true;
}
