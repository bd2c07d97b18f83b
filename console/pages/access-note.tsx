/** Why a person may or may not sign in, at the top of their page. */
import type { JSX } from 'preact';
import { type AccessFacts, accessOf } from '../access.js';
import type { Entry } from '../timeline.js';
import { Time } from './text.js';

/** Methods of the sign-ins and sign-outs that a timeline has beside the requests of SCIM. */
const SIGN_IN_METHODS = ['SIGN-IN', 'UNIVERSAL-LOGOUT'];

/** Why the person may or may not sign in, and what to look at first. */
export function AccessNote({ timeline, ...facts }: AccessFacts & { timeline: readonly Entry[] }): JSX.Element {
  const access = accessOf(facts);
  const last = timeline.find(({ activity }) => activity && !SIGN_IN_METHODS.includes(activity.method))?.activity;
  return (
    <div class={access.isAllowed ? 'note fine' : 'note bad'}>
      <strong>
        <bdi>{access.sentence}</bdi>
      </strong>
      <p>
        Last change that Okta asked for:{' '}
        {last ? (
          <a href={`/organizations/${last.organizationId}/requests/${last.id}`}>
            <Time at={last.time} />, {last.method}, status {last.status}
          </a>
        ) : (
          'none is recorded'
        )}
        .
      </p>
      {access.isAllowed && (
        <p>
          If the person has left, Okta has not disabled them here: the Okta admin unassigns them from the app, or looks
          for a failed task under Dashboard → Tasks. A lock stops them at once.
        </p>
      )}
    </div>
  );
}
