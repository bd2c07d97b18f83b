/** The background jobs: when they run, and the lines they log. */
import { expect } from 'chai';
import { pino } from 'pino';
import { createWakeUp } from '../../userstore/domain/wake-up.js';
import { type Job, jobsOf, runJobs, type Work } from '../../userstore/jobs.js';

function logOf() {
  const lines: { level: number; msg: string; job: string }[] = [];
  const log = pino({ base: {} }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { log, lines };
}

const work: Work = {
  purge: async () => 2,
  flushOutboxes: async () => 5,
  outboxWakeUp: createWakeUp(),
  followWrites: async () => false,
  resumePendingChanges: async () => 0,
  measureLag: async () => undefined,
  resealSecrets: async () => ({ sealed: 1, lost: 1 }),
  resealWebhooks: async () => ({ sealed: 0, lost: 1 }),
  refreshAccounts: async () => undefined,
  migrate: async () => 0,
  isReachable: async () => true,
  onProbe: () => undefined,
};

describe('a background job', () => {
  it('runs once without an interval, and until the stop with one', async () => {
    const stop = new AbortController();
    const runs = { once: 0, repeated: 0 };
    const failure = { level: 'warn', message: 'failed' } as const;
    const jobs: Job[] = [
      {
        name: 'once',
        failure,
        async run() {
          runs.once++;
          return [];
        },
      },
      {
        name: 'repeated',
        intervalMs: 1,
        failure,
        async run() {
          if (++runs.repeated === 3) stop.abort();
          return [];
        },
      },
    ];
    await runJobs(jobs, logOf().log, stop.signal);
    expect(runs).to.deep.equal({ once: 1, repeated: 3 });
  });

  it('logs a failure with its name, and runs again', async () => {
    const stop = new AbortController();
    const { log, lines } = logOf();
    let runs = 0;
    const job: Job = {
      name: 'purge',
      intervalMs: 1,
      failure: { level: 'warn', message: 'purge failed; will retry' },
      async run() {
        if (++runs === 1) throw new Error('away');
        stop.abort();
        return [{ level: 'info', fields: { organizations: 1 }, message: 'purged' }];
      },
    };
    await runJobs([job], log, stop.signal);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.deep.include({ level: 40, job: 'purge', msg: 'purge failed; will retry' });
    expect(lines[1]).to.deep.include({ level: 30, job: 'purge', organizations: 1, msg: 'purged' });
  });

  it('logs its work, and nothing if there was none', async () => {
    const lines = await Promise.all(jobsOf(work).map(async ({ name, run }) => [name, (await run()).length] as const));
    expect(Object.fromEntries(lines)).to.deep.equal({
      probe: 1,
      'follow writes': 1,
      migrate: 0,
      reseal: 2,
      'reseal webhooks': 1,
      purge: 1,
      'flush outboxes': 0,
      'measure lag': 0,
      'resume pending changes': 0,
      'service accounts': 0,
    });
  });

  it('asks a deployment without change streams for them once', async () => {
    let asked = 0;
    const following = { ...work, followWrites: async () => ++asked < 3 };
    const follow = jobsOf(following).find(({ name }) => name === 'follow writes');
    const lines = [];
    for (let run = 0; run < 5; run++) lines.push(...((await follow?.run()) ?? []));
    expect(asked).to.equal(3);
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'MongoDB is a single server, without change streams: the event log is polled',
    ]);
  });

  it('begins the next run of a job early if it is woken, and otherwise after its interval', async () => {
    const stop = new AbortController();
    const wakeUp = createWakeUp();
    const times: number[] = [];
    const job: Job = {
      name: 'flush outboxes',
      intervalMs: 60_000,
      wakeUp,
      failure: { level: 'warn', message: 'failed' },
      async run() {
        if (times.push(performance.now()) === 3) stop.abort();
        // Nothing waits yet: the wake-up must not be lost.
        else wakeUp.wake();
        return [];
      },
    };
    await runJobs([job], logOf().log, stop.signal);
    expect(times).to.have.length(3);
    expect((times[2] ?? 0) - (times[0] ?? 0)).to.be.within(15, 5000);
  });

  it('probes MongoDB, and logs changes only', async () => {
    const answers = [true, true, false, false, true];
    const seen: boolean[] = [];
    const probing = { ...work, isReachable: async () => answers[seen.length] === true };
    const [probe] = jobsOf({ ...probing, onProbe: (isUp) => seen.push(isUp) });
    const messages: string[] = [];
    for (const _ of answers) messages.push(...((await probe?.run()) ?? []).map(({ message }) => message));
    expect(seen).to.deep.equal(answers);
    expect(messages).to.deep.equal(['MongoDB is reachable', 'MongoDB is not reachable', 'MongoDB is reachable']);
  });
});
