/** A stream of creates and PATCHes through the edge that records the acknowledged changes, and the check of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Answer, oktaUser, patchBody, type Scim } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';

const WRITERS = 6;
/** Every writer has one user to which it adds roles, beside the users it creates. */
const PATCHES_A_CREATE = 2;

/** A running stream. */
export interface Stream {
  /** Resolves after `count` more acknowledged changes; throws after `timeoutMs`, by default 20 s. */
  acknowledges: (more: number, timeoutMs?: number) => Promise<void>;
  /** Resolves after `count` more refused requests. */
  refuses: (more: number) => Promise<void>;
  /** Ends the stream; then each acknowledged change must be stored once, and no other change. */
  endAndCheck: () => Promise<Ended>;
}

/** The result of a stream. */
export interface Ended {
  acknowledged: number;
  refused: number;
  /** Requests that got no answer. */
  broken: number;
  /** How many users there are. */
  found: number;
  /** The longest time, in milliseconds, in which nothing was acknowledged. */
  longestPauseMs: number;
}

interface StreamOptions {
  /** The edge itself may go, and connections to it break. */
  mayBreak?: boolean;
  /** How long anything that is waited for may take. */
  patienceMs?: number;
}

/** Starts a stream, which runs until `end` is called. */
export function startStream(scim: Scim, { mayBreak = false, patienceMs = 20_000 }: StreamOptions = {}): Stream {
  const created = new Map<string, string>();
  const attempted = new Map<string, Set<string>>();
  const roles = new Map<string, Set<string>>();
  let refused = 0;
  let acknowledged = 0;
  let broken = 0;
  let lastAcknowledged = performance.now();
  let longestPauseMs = 0;
  let isRunning = true;
  const wrong: string[] = [];

  /** Counts an answer; anything but success and a proper "try again" is wrong. */
  const isAcknowledged = (answer: Answer | undefined, success: number): answer is Answer => {
    if (!answer) {
      broken++;
      return false;
    }
    if (answer.status === success) {
      acknowledged++;
      const now = performance.now();
      longestPauseMs = Math.max(longestPauseMs, now - lastAcknowledged);
      lastAcknowledged = now;
      return true;
    }
    refused++;
    const { status, headers, body } = answer;
    const isTryAgain =
      (status === 503 || status === 429) &&
      /^\d+$/.test(headers.get('retry-after') ?? '') &&
      /^application\/scim\+json/.test(headers.get('content-type') ?? '') &&
      body.schemas?.[0] === 'urn:ietf:params:scim:api:messages:2.0:Error' &&
      body.status === String(status) &&
      typeof body.detail === 'string';
    if (!isTryAgain) wrong.push(`${status} ${answer.text}`);
    return false;
  };

  /** The answer; undefined where there is none and that may be. */
  const ask: (...request: Parameters<Scim>) => Promise<Answer | undefined> = (...request) =>
    scim(...request).catch((error: unknown) => {
      // What fetch throws when a connection breaks or cannot be made.
      if (mayBreak && error instanceof TypeError) return undefined;
      throw error;
    });

  const create = async (userName: string): Promise<string | undefined> => {
    attempted.set(userName, new Set());
    const answer = await ask('POST', '/Users', oktaUser(userName));
    if (!isAcknowledged(answer, 201)) return undefined;
    created.set(userName, answer.body.id);
    roles.set(userName, new Set());
    return answer.body.id;
  };
  const addRole = async (userName: string, id: string, role: string): Promise<boolean> => {
    attempted.get(userName)?.add(role);
    const patch = patchBody({ op: 'add', path: 'roles', value: [{ value: role }] });
    if (!isAcknowledged(await ask('PATCH', `/Users/${id}`, patch), 200)) return false;
    roles.get(userName)?.add(role);
    return true;
  };

  const write = async (writer: number) => {
    for (let round = 0; isRunning && round < 2000; round++) {
      const userName = `writer${writer}.${round}@stream.example`;
      const id = await create(userName);
      for (let patch = 0; id !== undefined && isRunning && patch < PATCHES_A_CREATE; patch++) {
        await addRole(userName, id, `role ${patch}`);
      }
      if (id === undefined) await sleep(50);
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  // Seen when the stream ends; until then a failure must not end the process.
  writing.catch(() => undefined);

  return {
    acknowledges: (more, timeoutMs = patienceMs) => {
      const enough = acknowledged + more;
      return eventually(`${more} more changes acknowledged`, async () => acknowledged >= enough, timeoutMs);
    },
    refuses: (more) => {
      const enough = refused + more;
      return eventually(`${more} more requests refused`, async () => refused >= enough, patienceMs);
    },
    async endAndCheck() {
      isRunning = false;
      await writing;
      expect(wrong, 'answers that are neither success nor a proper 503 or 429').to.deep.equal([]);
      const found = await everybody(scim);
      const names = found.map(({ userName }) => userName);
      expect(names.length - new Set(names).size, 'duplicate users').to.equal(0);
      expect(
        names.filter((name) => !attempted.has(name)),
        'users nobody asked for',
      ).to.deep.equal([]);

      const byName = new Map(found.map((user) => [user.userName, user]));
      const lost: string[] = [];
      for (const [userName, id] of created) {
        const user = byName.get(userName);
        const has = (user?.roles ?? []).map(({ value }) => value);
        if (user?.id !== id) lost.push(userName);
        for (const role of roles.get(userName) ?? []) if (!has.includes(role)) lost.push(`${role} of ${userName}`);
        expect(has.length - new Set(has).size, `duplicate roles of ${userName}`).to.equal(0);
        expect([...(attempted.get(userName) ?? [])], 'roles nobody asked for').to.include.members(has);
      }
      expect(lost, `acknowledged changes that are lost, of ${acknowledged}`).to.deep.equal([]);
      return { acknowledged, refused, broken, found: found.length, longestPauseMs };
    },
  };
}

type Found = { userName: string; id: string; roles?: { value: string }[] };

async function everybody(scim: Scim): Promise<Found[]> {
  const found: Found[] = [];
  for (let startIndex = 1; startIndex < 20_000; startIndex += 200) {
    const { status, body } = await scim('GET', `/Users?startIndex=${startIndex}&count=200`);
    expect(status).to.equal(200);
    found.push(...(body.Resources as Found[]));
    if (found.length >= body.totalResults) return found;
  }
  throw new Error('the list does not end');
}
