/** The activities of sign-ins and Universal Logouts, by which support explains a reference number. */
import type { Response } from 'express';
import type { ActivityRecorder } from '../activity/recorder.js';
import { localsOf } from '../request-context.js';

/** The recorded values: never a code, a token or a cookie. */
export interface SignInActivity {
  method: 'SIGN-IN' | 'UNIVERSAL-LOGOUT';
  organizationId: string;
  userId?: string | undefined;
  status: number;
  /** A sentence for support. */
  detail: string;
}

/** Longest claim that is recorded, in characters. It is text from outside. */
const MAX_USER_NAME = 256;

const PATHS = { 'SIGN-IN': '/login', 'UNIVERSAL-LOGOUT': '/login/global-token-revocation' };

/** Creates the function that records an activity under the id of its request. */
export const createSignInActivities =
  ({ record }: ActivityRecorder) =>
  (response: Response, activity: SignInActivity): void => {
    const { requestId: id, start, names } = localsOf(response);
    const userName = names?.userName?.slice(0, MAX_USER_NAME);
    const durationMs = Math.round((performance.now() - start) * 100) / 100;
    const time = new Date(Date.now() - durationMs);
    const nobody = { apiTokenId: undefined, apiTokenLabel: undefined, scimType: undefined, change: undefined };
    record({ userId: undefined, userName, ...nobody, ...activity, id, time, path: PATHS[activity.method], durationMs });
  };
