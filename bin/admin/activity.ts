/** The command that answers "what did Okta do?". */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Activity, ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { wholeNumber } from '../whole-number.js';
import { activityText } from './activity-text.js';
import { run, wantsJson } from './run.js';
import type { Userstore } from './userstore.js';

const POLL_MS = 1000;
/** Requests become known when they are answered: so far back is looked for what came late, in milliseconds. */
const LATE_MS = 120_000;
const PAGE_SIZE = 500;

/** Of requests for SCIM, and what else is written down. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'SIGN-IN', 'UNIVERSAL-LOGOUT'] as const;

interface Wanted {
  user?: string;
  group?: string;
  since?: Date;
  until?: Date;
  request?: string;
  token?: string;
  method?: string;
  status?: number;
  limit: number;
  follow?: boolean;
}

/** Adds `activity`. */
export function activityCommand(program: Command): void {
  program
    .command('activity <organizationId>')
    .description(
      'show what its Okta asked for, who signed in, how that was answered, and what became of users and groups by it; oldest first',
    )
    .option('--user <user>', 'about this user only: an id, or a user name')
    .option('--group <id>', 'about the group with this id only')
    .option('--since <time>', 'from this time on: 2026-11-24T08:00 (UTC), or 90m, 2h, 7d ago', time)
    .option('--until <time>', 'before this time', time)
    .option('--request <id>', 'the request with this id (X-Request-Id), and its operations')
    .option('--token <id>', 'with this API token only')
    .addOption(new Option('--method <method>', 'with this method only').choices([...METHODS]))
    .option('--status <status>', 'answered so: 409, or 4xx', status)
    .option('--limit <number>', 'the newest so many', wholeNumber(1, 1_000_000), 100)
    .option('--follow', 'go on, and show what comes')
    .action((organizationId: string, wanted: Wanted) =>
      run(async (userstore) => {
        const asked = await requestFor(userstore, organizationId, wanted);
        const found = await newest(userstore, asked, wanted.limit);
        if (wanted.follow) return await follow(userstore, asked, found);
        return [found, found.length === 0 ? 'There is no such activity.' : found.map(activityText).join('\n')];
      }),
    );
}

async function requestFor(
  userstore: Userstore,
  organizationId: string,
  { user, group: groupId, since, until, request: requestId, token: apiTokenId, method, status }: Wanted,
): Promise<ListActivitiesRequest> {
  const about = user === undefined ? {} : await aboutUser(userstore, organizationId, user);
  return { organizationId, since, until, ...about, groupId, requestId, apiTokenId, method, status };
}

/** Also what was refused before there was such a user. */
async function aboutUser(userstore: Userstore, organizationId: string, user: string) {
  const userId = await userstore.findUserId(organizationId, user);
  return userId === user.toLowerCase() ? { userId } : { userId, userName: user };
}

/** The newest activities, oldest first. */
async function newest(userstore: Userstore, asked: ListActivitiesRequest, limit: number): Promise<Activity[]> {
  const found: Activity[] = [];
  let pageToken: string | undefined;
  do {
    const pageSize = Math.min(limit - found.length, PAGE_SIZE);
    const page = await userstore.listActivities({ ...asked, pageSize, pageToken });
    found.push(...page.activities);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined && found.length < limit);
  return found.reverse();
}

/** Prints what is there and what comes, until the command is interrupted. */
async function follow(userstore: Userstore, asked: ListActivitiesRequest, found: Activity[]): Promise<never> {
  const print = (activity: Activity) => console.log(wantsJson() ? JSON.stringify(activity) : activityText(activity));
  found.forEach(print);
  let shown = new Set(found.map(({ id }) => id));
  const start = asked.since?.getTime() ?? found.at(0)?.time?.getTime() ?? 0;
  let seenUntil = Date.now();
  let trouble: string | undefined;
  for (;;) {
    await sleep(POLL_MS);
    const now = Date.now();
    const since = new Date(Math.max(start, seenUntil - LATE_MS));
    try {
      const recent = await newest(userstore, { ...asked, since }, Number.POSITIVE_INFINITY);
      recent.filter(({ id }) => !shown.has(id)).forEach(print);
      shown = new Set(recent.map(({ id }) => id));
      [seenUntil, trouble] = [now, undefined];
    } catch (error) {
      // A userstore that is restarted comes back, and what it missed meanwhile is shown then.
      const message = error instanceof Error ? error.message : String(error);
      if (message !== trouble) console.error(message);
      trouble = message;
    }
  }
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Without a zone it is UTC, as what is printed. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i;

function time(text: string): Date {
  const [, number, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (number !== undefined) return new Date(Date.now() - Number(number) * (UNITS[unit] ?? 0));
  const [, date, clock = '00:00', zone = 'Z'] = DATE_TIME.exec(text) ?? [];
  const found = new Date(`${date}T${clock}${zone}`);
  if (Number.isNaN(found.getTime())) throw new InvalidArgumentError('A time is 2026-11-24T08:00 (UTC), 90m, 2h or 7d.');
  return found;
}

function status(text: string): number {
  const [, digits] = /^([1-5](?:xx|\d\d))$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('A status is 409, or 4xx for all from 400 to 499.');
  return digits.endsWith('xx') ? Number(digits[0]) : Number(digits);
}
