/** The acts on the bodies of requests that an organization keeps. */
import type { Acts, Subject } from './act.js';

const HOUR_SECONDS = 3600;

async function keep({ userstore, organizationId, actor }: Subject, seconds: number) {
  await userstore.keepAllBodies({ organizationId, actor, seconds });
  return { to: `/organizations/${organizationId}/requests` };
}

/** The acts. */
export const BODY_ACTS: Acts = {
  'keep-bodies': {
    title: 'Keep all bodies for an hour',
    role: 'support',
    form: () => (
      <p>
        For an hour, the body of every request of the organization's Okta and of its answer is kept, at most 1000, each
        for 7 days. They hold people's data, but no secrets. It ends by itself, and the log of events names you.
      </p>
    ),
    perform: (subject) => keep(subject, HOUR_SECONDS),
  },
  'stop-keeping-bodies': {
    title: 'Stop keeping all bodies',
    role: 'support',
    form: () => <p>Bodies are kept of failures only. Those that were kept stay until their 7 days are over.</p>,
    perform: (subject) => keep(subject, 0),
  },
};
