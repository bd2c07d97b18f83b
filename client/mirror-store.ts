/** Where a mirror keeps its users and its cursor, so that it goes on where it was after a restart. */
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { User } from '../proto/gen/userstore/v1/user.js';

/** A user with the fields that a mirror holds. */
export type KeptUser = Partial<User> & Pick<User, 'id' | 'etag'>;

/** One step of a mirror: what changed up to a place in the log. */
export interface Step {
  cursor: string;
  /** Users that are new or changed. */
  put: readonly KeptUser[];
  /** Ids of users that are gone. */
  removed: readonly string[];
}

/** The contents of a mirror at one place in the log. */
export interface Snapshot {
  /** The organization and the fields of the mirror: a mirror of others does not use the snapshot. */
  of: string;
  cursor: string;
  users: Iterable<KeptUser>;
}

/** A place to keep a mirror: a file, or a database of the service. A step that gets lost is repeated. */
export interface MirrorStore {
  /** Returns what is kept; undefined if nothing is. */
  load(): Promise<Snapshot | undefined>;
  /** Replaces all that is kept. */
  replace(snapshot: Snapshot): Promise<void>;
  /** Keeps a step, in one write; `current` is all that the mirror holds after it, for a store that writes that instead. */
  append(step: Step, current: () => Snapshot): Promise<void>;
}

/** Users per line of a new file. */
const USERS_PER_LINE = 500;
/** Lines after which the file is written anew. */
const MAX_LINES = 10_000;

/** Returns a store in a file, which it writes anew now and then: a line of JSON for each step. */
export function fileStore(path: string): MirrorStore {
  let lines = 0;
  const replace = async ({ of, cursor, users }: Snapshot) => {
    const draft = await open(`${path}.new`, 'w', 0o600);
    try {
      await draft.appendFile(`${JSON.stringify({ of })}\n`);
      const all = [...users];
      for (let from = 0; from === 0 || from < all.length; from += USERS_PER_LINE) {
        await draft.appendFile(lineOf({ cursor, put: all.slice(from, from + USERS_PER_LINE), removed: [] }));
      }
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(`${path}.new`, path);
    lines = 0;
  };
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch(() => '');
      // A process that was killed may have left a part of a line, which the next step must not continue.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      if (whole.length < text.length) await writeFile(path, whole);
      const [first, ...steps] = whole.split('\n').slice(0, -1);
      if (first === undefined || steps.length === 0) return undefined;
      const users = new Map<string, KeptUser>();
      let cursor = '';
      for (const line of steps) {
        const step = JSON.parse(line) as { cursor: string; put: string[]; removed: string[] };
        for (const user of step.put.map(decoded)) users.set(user.id, user);
        for (const id of step.removed) users.delete(id);
        cursor = step.cursor;
      }
      lines = steps.length;
      return { of: (JSON.parse(first) as { of: string }).of, cursor, users: users.values() };
    },
    replace,
    async append(step, current) {
      if (lines >= MAX_LINES) return await replace(current());
      lines++;
      const file = await open(path, 'a', 0o600);
      await file.appendFile(lineOf(step)).finally(() => file.close());
    },
  };
}

const lineOf = ({ cursor, put, removed }: Step) => `${JSON.stringify({ cursor, put: put.map(encoded), removed })}\n`;
const encoded = (user: KeptUser): string =>
  Buffer.from(User.encode(User.fromPartial(user)).finish()).toString('base64');
const decoded = (text: string): User => User.decode(Buffer.from(text, 'base64'));
