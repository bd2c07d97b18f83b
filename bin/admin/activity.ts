/** The command that shows the requests of an organization's Okta and their results. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Activity, ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { wholeNumber } from '../whole-number.js';
import { activityText } from './activity-text.js';
import { pages } from './pages.js';
import { joinedLines, json, messageOf, print, printable, printError } from './printer.js';
import { run, wantsJson } from './run.js';
import type { Userstore } from './userstore.js';

const POLL_MS = 1000;
/** Time by which `--follow` overlaps its searches, because an activity is stored only after its response. */
const LATE_MS = 120_000;
const ACTIVITIES_PER_PAGE = 500;

/** Methods of SCIM requests, and names of other activities. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'SIGN-IN', 'UNIVERSAL-LOGOUT'] as const;

interface ActivityOptions {
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
    .description('show requests of its Okta and sign-ins, with their results and changes, oldest first')
    .option('--user <user>', 'only about this user: an id or a user name')
    .option('--group <id>', 'only about the group with this id')
    .option('--since <time>', 'from this time on: 2026-11-24T08:00 (UTC), or 90m, 2h, 7d ago', time)
    .option('--until <time>', 'before this time', time)
    .option('--request <id>', 'the request with this id (X-Request-Id), and its bulk operations')
    .option('--token <id>', 'only with this API token')
    .addOption(new Option('--method <method>', 'only with this method').choices([...METHODS]))
    .option('--status <status>', 'only with this status: 409, or 4xx', status)
    .option('--limit <number>', 'number of newest activities', wholeNumber(1, 1_000_000), 100)
    .option('--follow', 'keep running and show new activities')
    .action((organizationId: string, options: ActivityOptions) =>
      run(async (userstore) => {
        const request = await requestFor(userstore, organizationId, options);
        const found = await newest(userstore, request, options.limit);
        if (options.follow) return await follow(userstore, request, found);
        return [
          found,
          found.length === 0 ? printable`There is no such activity.` : joinedLines(found.map(activityText)),
        ];
      }),
    );
}

async function requestFor(
  userstore: Userstore,
  organizationId: string,
  { user, group: groupId, since, until, request: requestId, token: apiTokenId, method, status }: ActivityOptions,
): Promise<ListActivitiesRequest> {
  const about = user === undefined ? {} : await aboutUser(userstore, organizationId, user);
  return { organizationId, since, until, ...about, groupId, requestId, apiTokenId, method, status };
}

/** Selects a user by id and by name. The name finds requests that were refused before the user existed. */
async function aboutUser(userstore: Userstore, organizationId: string, user: string) {
  const userId = await userstore.findUserId(organizationId, user);
  return userId === user.toLowerCase() ? { userId } : { userId, userName: user };
}

/** Returns the newest activities, oldest first. */
async function newest(userstore: Userstore, request: ListActivitiesRequest, limit: number): Promise<Activity[]> {
  const { items } = await pages(
    (pageSize, pageToken) => userstore.listActivities({ ...request, pageSize, pageToken }),
    ({ activities }) => activities,
    { limit, pageSize: ACTIVITIES_PER_PAGE },
  );
  return items.reverse();
}

/** Prints the given activities, then new ones, until the command is interrupted. */
async function follow(userstore: Userstore, request: ListActivitiesRequest, found: Activity[]): Promise<never> {
  const show = (activity: Activity) => print(wantsJson() ? json(activity) : activityText(activity));
  found.forEach(show);
  let shown = new Set(found.map(({ id }) => id));
  const start = request.since?.getTime() ?? found.at(0)?.time?.getTime() ?? 0;
  let seenUntil = Date.now();
  let lastError: string | undefined;
  for (;;) {
    await sleep(POLL_MS);
    const now = Date.now();
    const since = new Date(Math.max(start, seenUntil - LATE_MS));
    try {
      const recent = await newest(userstore, { ...request, since }, Number.POSITIVE_INFINITY);
      recent.filter(({ id }) => !shown.has(id)).forEach(show);
      shown = new Set(recent.map(({ id }) => id));
      [seenUntil, lastError] = [now, undefined];
    } catch (error) {
      // While userstore restarts, the command waits, then shows the activities of the meantime.
      const message = messageOf(error);
      if (message.toString() !== lastError) printError(message);
      lastError = message.toString();
    }
  }
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Without a zone the time is UTC, like the printed times. */
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
