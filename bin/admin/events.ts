/** The command that shows the event log, of one organization or of all. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { time } from './activity-options.js';
import { EVENT_CSV_HEADER, eventCsvLine, eventText, eventValue } from './event-text.js';
import { joinedLines, json, type Printable, print, printable } from './printer.js';
import { type Result, runForOneOrAll, wantsJson } from './run.js';
import type { Userstore } from './userstore.js';

const POLL_MS = 1000;
/** The most events that a command without `--follow` shows. */
const MAX_EVENTS = 100_000;

interface EventOptions {
  type: string[];
  actor?: string;
  staff?: boolean;
  since?: Date;
  csv?: boolean;
  follow?: boolean;
}

/** Adds `events`. */
export function eventsCommand(program: Command): void {
  program
    .command('events [organization]')
    .description('show everything that changed, in one or in all organizations, in order (docs/events.md)')
    .option('--type <type...>', 'only events of these types', [])
    .option('--actor <text>', 'only changes by this person, service or request id')
    .option('--staff', 'only acts of people of LeaseHawk, in the console and by this command')
    .option('--since <time>', 'from this time on: 2026-11-24T08:00 (UTC), or 90m, 2h, 7d ago', time)
    .option('--csv', 'print CSV')
    .option('--follow', 'keep running and show new events')
    .action((organization: string | undefined, options: EventOptions) =>
      runForOneOrAll(organization, (userstore, organizationId) => show(userstore, organizationId, options)),
    );
}

async function show(userstore: Userstore, organizationId: string | undefined, options: EventOptions): Promise<Result> {
  const byPerson = options.staff ?? false;
  const search = { organizationId, types: options.type, byPerson, startTime: options.since ?? new Date(0) };
  const found: Event[] = [];
  const pagesFrom = (cursor?: string) => userstore.eventPages(search, cursor);
  let cursor: string | undefined;
  let pages = pagesFrom();
  if (options.follow && options.csv && !wantsJson()) print(EVENT_CSV_HEADER);
  for (;;) {
    const { value, done } = await pages.next();
    if (!done) {
      const wanted = value.filter((event) => isBy(event, options.actor));
      if (options.follow) for (const event of wanted) print(lineOf(event, options.csv));
      else found.push(...wanted);
      if (found.length > MAX_EVENTS) throw new Error(`There are more than ${MAX_EVENTS} events: name a later --since.`);
      continue;
    }
    cursor = value;
    if (!options.follow) return resultOf(found, options.csv);
    await sleep(POLL_MS);
    pages = pagesFrom(cursor);
  }
}

function resultOf(found: Event[], isCsv: boolean | undefined): Result {
  const lines = found.map((event) => (isCsv ? eventCsvLine(event) : eventText(event)));
  const text = isCsv ? joinedLines([EVENT_CSV_HEADER, ...lines]) : joinedLines(lines);
  return [found.map(eventValue), found.length === 0 && !isCsv ? printable`There are no such events.` : text];
}

function lineOf(event: Event, isCsv: boolean | undefined): Printable {
  if (wantsJson()) return json(eventValue(event));
  return isCsv ? eventCsvLine(event) : eventText(event);
}

const isBy = ({ actor }: Event, wanted: string | undefined) =>
  wanted === undefined || [actor?.person, actor?.caller, actor?.requestId, actor?.apiTokenId].includes(wanted);
