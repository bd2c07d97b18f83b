/** Reads that may be long: MongoDB ends them at once when their call is cancelled or its deadline passes. */
import type { mongo } from 'mongoose';
import { signalOf } from '../deadlines.js';

/**
 * Runs a read in a session of its call, and kills what runs in the session if the call is cancelled. The driver closes the
 * connection of such a read, which MongoDB notices only after about half a second. Without a call in progress the read
 * has no session.
 */
export async function killable<T>(
  { client }: Pick<mongo.Db, 'client'>,
  deadline: number,
  read: (session: mongo.ClientSession | undefined) => Promise<T>,
): Promise<T> {
  const signal = signalOf(deadline);
  if (!signal) return await read(undefined);
  const session = client.startSession({ causalConsistency: false });
  const kill = () => {
    const command = { killSessions: [session.id] };
    void client
      .db('admin')
      .command(command)
      .catch(() => undefined);
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    return await read(session);
  } finally {
    signal.removeEventListener('abort', kill);
    await session.endSession();
  }
}
