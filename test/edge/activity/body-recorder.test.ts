/** The recorder of kept bodies. */
import { expect } from 'chai';
import pino from 'pino';
import { createBodyRecorder } from '../../../edge/activity/body-recorder.js';
import type { Steps } from '../../../edge/scim/steps.js';
import type { ActivityBody } from '../../../proto/gen/userstore/v1/activity_service.js';
import { eventually } from '../../harness/userstore.js';

const bodyOf = (activityId: string): ActivityBody => ({
  organizationId: 'acme',
  activityId,
  time: new Date(),
  request: undefined,
  response: undefined,
});

/** A search that ends once it is told to. */
function searchOf(activityId: string) {
  const search = { isOver: false };
  function* steps(): Steps<ActivityBody> {
    const begin = performance.now();
    while (!search.isOver) {
      // A step of 6 ms ends its turn.
      while (performance.now() - begin < 6);
      yield;
    }
    return bodyOf(activityId);
  }
  const end = () => {
    search.isOver = true;
  };
  return { steps: steps(), end };
}

describe('the recorder of bodies', () => {
  const sent: string[] = [];
  const store = {
    recordActivityBodies: ({ bodies }: { bodies: ActivityBody[] }) => {
      sent.push(...bodies.map(({ activityId }) => activityId));
      return Promise.resolve({});
    },
  };
  const start = () => createBodyRecorder(store as never, pino({ enabled: false }));

  beforeEach(() => void sent.splice(0));

  it('sends a body whose search ends after others were sent, and one whose search ends while it stops', async () => {
    const recorder = start();
    const [early, late, last] = [searchOf('early'), searchOf('late'), searchOf('last')];
    early.end();
    recorder.record(late.steps);
    recorder.record(early.steps);
    await eventually('the early body is sent', async () => sent.join() === 'early');
    late.end();
    await eventually('the late body is sent', async () => sent.join() === 'early,late');
    recorder.record(last.steps);
    const stopped = recorder.stop();
    last.end();
    await stopped;
    expect(sent).to.deep.equal(['early', 'late', 'last']);
  });

  it('searches the bodies of 20 requests at a time', async () => {
    const recorder = start();
    const searches = Array.from({ length: 25 }, (_, index) => searchOf(String(index)));
    for (const { steps } of searches) recorder.record(steps);
    for (const { end } of searches) end();
    await recorder.stop();
    expect(sent).to.have.length(20);
  });
});
