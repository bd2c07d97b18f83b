/** Requests as lines of a list: the same failure several times is one line. Pure. */
import type { Activity } from '../proto/gen/userstore/v1/activity_service.js';

/** One line: its newest request, and how often the same failed. */
export interface RequestLine {
  newest: Activity;
  count: number;
  /** The time of the oldest request of the line. */
  firstTime: Date | undefined;
}

const isFailure = ({ status }: Activity) => status >= 400;

/** Two failures are the same if they were answered the same for the same person or group. Ids in paths differ. */
const keyOf = ({ organizationId, method, path, status, scimType, detail, userId, userName, groupId }: Activity) =>
  JSON.stringify([organizationId, method, path, status, scimType, detail, userId, userName, groupId]);

/** Folds requests, newest first, into lines, newest first. */
export function linesOf(activities: readonly Activity[]): RequestLine[] {
  const lines = new Map<string, RequestLine>();
  for (const activity of activities) {
    const key = isFailure(activity) ? keyOf(activity) : activity.id;
    const line = lines.get(key);
    if (line) {
      line.count++;
      line.firstTime = activity.time;
    } else lines.set(key, { newest: activity, count: 1, firstTime: activity.time });
  }
  return [...lines.values()];
}

/** Counts requests by the hour: the last of `hours` numbers is the hour that ends at `now`. */
export function byHour(activities: readonly Activity[], hours: number, now: number): number[] {
  const counts = Array<number>(hours).fill(0);
  for (const { time } of activities) {
    const hour = hours - 1 - Math.floor((now - (time?.getTime() ?? 0)) / 3_600_000);
    if (hour >= 0 && hour < hours) counts[hour] = (counts[hour] ?? 0) + 1;
  }
  return counts;
}

/** Returns the request as a curl command without its secrets and without its body, which is beside it if it is kept. */
export function curlOf({ method, path, organizationId }: Activity, publicUrl: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `curl -X ${quoted(method)} -H 'Authorization: apikey <API token>' ${quoted(`${publicUrl}/${organizationId}/scim/v2${path}`)}`;
}
