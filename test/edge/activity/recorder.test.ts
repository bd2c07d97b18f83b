/** The recorder of activities: its bounds are bytes, and a batch that userstore refuses blocks no other. */
import { expect } from 'chai';
import { pino } from 'pino';
import { errorWith, type StatusName } from '../../../client/errors.js';
import { cutToBytes } from '../../../edge/activity/recorded-text.js';
import { createActivityRecorder } from '../../../edge/activity/recorder.js';
import { Activity } from '../../../proto/gen/userstore/v1/activity_service.js';
import { eventually } from '../../harness/userstore.js';

const MIB = 1024 * 1024;
const ID = '0199f7c1-0000-7000-8000-000000000001';
const activity = (more: Partial<Activity> = {}): Activity =>
  Activity.fromPartial({ id: ID, organizationId: 'a1', time: new Date(), method: 'GET', path: '/Users', ...more });
const failure = (code: StatusName) => errorWith(code, code);

/**
 * A recorder over a userstore that answers each batch by `answer`; the batches that arrived, and the lost activities.
 */
function recorderOver(answer: (activities: Activity[]) => void) {
  const batches: Activity[][] = [];
  let lost = 0;
  let waiting = () => 0;
  const recordActivities = async ({ activities }: { activities: Activity[] }) => {
    batches.push(activities);
    answer(activities);
    return {};
  };
  const metrics = {
    activitiesLost: (count: number) => {
      lost += count;
    },
    show: ({ activities_waiting }: { activities_waiting?: () => number }) => {
      waiting = activities_waiting ?? waiting;
    },
  };
  const recorder = createActivityRecorder({ recordActivities }, pino({ level: 'silent' }), metrics);
  return { recorder, batches, lost: () => lost, waiting: () => waiting() };
}

describe('the recorder of activities', () => {
  it('cuts every text by bytes, whatever the client sent', async () => {
    const { recorder, batches } = recorderOver(() => undefined);
    const long = '💥'.repeat(MIB);
    recorder.record(
      activity({ path: long, detail: long, userName: long, apiTokenLabel: long, userId: 'z'.repeat(MIB) }),
    );
    await recorder.stop();
    const [recorded] = batches.flat();
    expect(Activity.encode(recorded as Activity).finish().length).to.be.below(6000);
    expect(recorded?.path.length).to.equal(512);
    expect(recorded?.path.isWellFormed()).to.equal(true);
    expect(recorded?.userId).to.equal(undefined);
  });

  it('cuts between characters', () => {
    expect(cutToBytes('abc', 3)).to.equal('abc');
    expect(cutToBytes('abcd', 3)).to.equal('abc');
    expect(cutToBytes('aé', 2)).to.equal('a');
    expect(cutToBytes('aé', 3)).to.equal('aé');
    expect(cutToBytes('a💥b', 4)).to.equal('a');
    expect(cutToBytes('a💥b', 5)).to.equal('a💥');
    for (const text of ['é'.repeat(900), '💥'.repeat(400), '€'.repeat(400), 'a'.repeat(1200)]) {
      const kept = cutToBytes(text, 1024);
      expect(text.startsWith(kept)).to.equal(true);
      expect(Buffer.byteLength(kept)).to.be.within(1021, 1024);
    }
  });

  it('sends batches of at most 1 MiB, and keeps at most 16 MiB', async () => {
    const { recorder, batches, lost, waiting } = recorderOver(() => undefined);
    const text = 'x'.repeat(1024);
    const large = { path: text, detail: text, userName: text, apiTokenLabel: text, scimType: text, method: text };
    for (let count = 0; count < 3000; count++) recorder.record(activity(large));
    expect(waiting()).to.be.below((16 * MIB) / 6144);
    expect(waiting() + lost()).to.equal(3000);
    await recorder.stop();
    for (const batch of batches) {
      expect(batch.reduce((sum, one) => sum + Activity.encode(one).finish().length, 0)).to.be.below(MIB);
    }
    expect(batches.flat().length + lost()).to.equal(3000);
    expect(waiting()).to.equal(0);
  });

  for (const code of ['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT'] as const) {
    it(`halves a batch that is refused with ${code}, and loses the one activity that is to blame`, async () => {
      const { recorder, batches, lost, waiting } = recorderOver((activities) => {
        if (activities.some(({ path }) => path === '/bad')) throw failure(code);
      });
      for (let count = 0; count < 100; count++) recorder.record(activity({ path: count === 37 ? '/bad' : '/Users' }));
      await eventually('all are decided', async () => waiting() === 0);
      await recorder.stop();
      const stored = batches.filter((batch) => !batch.some(({ path }) => path === '/bad')).flat();
      expect([stored.length, lost(), waiting()]).to.deep.equal([99, 1, 0]);
      expect(batches.length).to.be.below(30);
    });
  }

  it('loses nothing while userstore is briefly too busy', async () => {
    let refusals = 5;
    const { recorder, lost, waiting } = recorderOver(() => {
      if (refusals-- > 0) throw failure('RESOURCE_EXHAUSTED');
    });
    for (let count = 0; count < 8; count++) recorder.record(activity());
    await eventually('recorded', async () => waiting() === 0);
    await recorder.stop();
    expect(lost()).to.equal(0);
  });

  it('waits longer and longer while userstore is unavailable, and loses nothing', async () => {
    let isAway = true;
    const { recorder, batches, lost } = recorderOver(() => {
      if (isAway) throw failure('UNAVAILABLE');
    });
    recorder.record(activity());
    await new Promise((resolve) => setTimeout(resolve, 4200));
    // At 0.5, 1, 2 and 4 s; without pauses there would be eight.
    expect(batches.length).to.be.within(2, 4);
    isAway = false;
    await recorder.stop();
    expect(lost()).to.equal(0);
    await eventually('recorded', async () => batches.at(-1)?.length === 1);
  });
});
