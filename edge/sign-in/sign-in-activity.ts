/** What becomes an activity of sign-ins and of Universal Logouts, so that a reference number can be explained. */
import type { Response } from 'express';
import type { ActivityRecorder } from '../activity/recorder.js';
import { localsOf } from '../request-context.js';

/** What is written down: never a code, a token, a cookie or an e-mail address. */
export interface SignInActivity {
  method: 'SIGN-IN' | 'UNIVERSAL-LOGOUT';
  organizationId: string;
  userId?: string | undefined;
  status: number;
  /** In words. */
  detail: string;
}

const PATHS = { 'SIGN-IN': '/login', 'UNIVERSAL-LOGOUT': '/login/global-token-revocation' };

/** Writes activities down, each under the id of its request. */
export const createSignInActivities =
  ({ record }: ActivityRecorder) =>
  (response: Response, activity: SignInActivity): void => {
    const { requestId: id, start } = localsOf(response);
    const durationMs = Math.round((performance.now() - start) * 100) / 100;
    const time = new Date(Date.now() - durationMs);
    const nobody = { apiTokenId: undefined, apiTokenLabel: undefined, scimType: undefined, change: undefined };
    record({ userId: undefined, ...nobody, ...activity, id, time, path: PATHS[activity.method], durationMs });
  };
