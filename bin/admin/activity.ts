/** The command that shows the requests of an organization's Okta and their results. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Activity, ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { wholeNumber } from '../whole-number.js';
import { activityValue, CSV_HEADER, csvLine } from './activity-export.js';
import { status, time } from './activity-options.js';
import { newest, nothingFound, resolved } from './activity-search.js';
import { ACTIVITY_HEADER, activityText } from './activity-text.js';
import { bodyText } from './body-text.js';
import { joinedLines, json, messageOf, type Printable, print, printError } from './printer.js';
import { runIn, wantsJson } from './run.js';
import type { Userstore } from './userstore.js';

const POLL_MS = 1000;
/** Time by which `--follow` overlaps its searches, because an activity is stored only after its response. */
const LATE_MS = 120_000;

/** Methods of SCIM requests, and names of other activities. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'SIGN-IN', 'UNIVERSAL-LOGOUT', 'WEBHOOK'] as const;

interface ActivityOptions {
  user?: string;
  group?: string;
  since?: Date;
  until?: Date;
  request?: string;
  token?: string;
  method?: string;
  status?: number;
  failures?: boolean;
  changes?: boolean;
  limit: number;
  csv?: boolean;
  follow?: boolean;
  body?: string;
}

/** Adds `activity`. */
export function activityCommand(program: Command): void {
  program
    .command('activity <organization>')
    .description('show requests of its Okta and sign-ins, with their results and changes, oldest first')
    .option('--user <user>', 'only about this user, also refused or deleted: an id, user name, external id or e-mail')
    .option('--group <group>', 'only about this group: an id, name or external id')
    .option('--since <time>', 'from this time on: 2026-11-24T08:00 (UTC), or 90m, 2h, 7d ago', time)
    .option('--until <time>', 'before this time', time)
    .option('--request <id>', 'the request with this id (X-Request-Id), and its bulk operations')
    .option('--token <id>', 'only with this API token')
    .addOption(new Option('--method <method>', 'only with this method').choices([...METHODS]))
    .option('--status <status>', 'only with this status: 409, or 4xx', status)
    .option('--failures', 'only failures: statuses 4xx and 5xx, refused sign-ins among them')
    .option('--changes', 'without reads (GET)')
    .option('--limit <number>', 'number of newest activities', wholeNumber(1, 1_000_000), 100)
    .option('--csv', 'print CSV with all columns')
    .option('--body <id>', 'the bodies that are kept of the request with this id, and of its answer')
    .option('--follow', 'keep running and show new activities')
    .action((organization: string, options: ActivityOptions) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        if (options.body !== undefined) {
          const found = await userstore.getActivityBody(organizationId, options.body);
          return [found, bodyText(found)];
        }
        const search = await resolved(userstore, organizationId, searchIn(options));
        const found = await newest(userstore, search.request, options.limit);
        const format = formatOf(options);
        if (options.follow) return await follow(userstore, search.request, found, format);
        const lines = [...format.header, ...found.map(format.line)];
        const none = found.length === 0 ? nothingFound(search, options.user) : undefined;
        return [found.map(activityValue), options.csv ? joinedLines(lines) : (none ?? joinedLines(lines))];
      }),
    );
}

const searchIn = ({
  user,
  group,
  since,
  until,
  request,
  token,
  method,
  status,
  failures,
  changes,
}: ActivityOptions) => ({
  ...{ user, group, since, until, requestId: request, apiTokenId: token, method, status },
  ...{ failed: failures, withoutReads: changes },
});

/** The lines above the activities, and that of an activity. */
interface Format {
  header: Printable[];
  line: (activity: Activity) => Printable;
}

function formatOf({ csv }: ActivityOptions): Format {
  if (wantsJson()) return { header: [], line: (activity) => json(activityValue(activity)) };
  return csv ? { header: [CSV_HEADER], line: csvLine } : { header: [ACTIVITY_HEADER], line: activityText };
}

/** Prints the given activities, then new ones, until the command is interrupted. */
async function follow(
  userstore: Userstore,
  request: ListActivitiesRequest,
  found: Activity[],
  { header, line }: Format,
): Promise<never> {
  const show = (activity: Activity) => print(line(activity));
  header.forEach(print);
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
