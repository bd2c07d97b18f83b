/** Everything that touched a user or group, newest first: requests, sign-ins, and changes without a request. Pure. */
import type { Activity } from '../proto/gen/userstore/v1/activity_service.js';
import type { Change } from '../proto/gen/userstore/v1/change.js';

/** An entry: a request or sign-in, perhaps with its change, or a change that no recorded request made. */
export type Entry =
  | { time: Date | undefined; activity: Activity; change: Change | undefined }
  | { time: Date | undefined; activity: undefined; change: Change };

const time = (entry: Entry) => entry.time?.getTime() ?? 0;

/** Merges activities and changes, which are newest first, into one list. A change of a listed request is part of it. */
export function timelineOf(activities: readonly Activity[], changes: readonly Change[]): Entry[] {
  const requests = new Set(activities.map(({ id }) => id));
  const changeOf = new Map(changes.map((change) => [change.actor?.requestId, change]));
  const entries: Entry[] = [
    ...activities.map((activity) => ({
      time: activity.time,
      activity,
      change: activity.change ?? changeOf.get(activity.id),
    })),
    ...changes
      .filter(({ actor }) => !requests.has(actor?.requestId ?? ''))
      .map((change) => ({ time: change.time, activity: undefined, change })),
  ];
  return entries.sort((a, b) => time(b) - time(a));
}
