/** The command line of `npm run bench`. */
import { InvalidArgumentError, Option, program } from 'commander';
import { wholeNumber } from '../bin/whole-number.js';
import { EVENT_PARTS } from './events.js';
import { LOAD_NAMES } from './hostile.js';
import { OPERATIONS, type Operation } from './operations.js';

/** The parsed command line: figures, and the mode that is chosen. */
export interface Options {
  seconds: number;
  rounds: number;
  connections?: number;
  users: number;
  only: { operations: Operation[]; loads: string[]; parts: string[] };
  profile: boolean;
  before?: string;
  rules: boolean;
  scale?: number;
  walk: boolean;
  noise: boolean;
  soak?: number;
  groups: boolean;
  hostile: boolean;
  events: boolean;
  mirror: boolean;
  reader: boolean;
  calls: number;
  console: boolean;
  organizations?: number;
  day: boolean;
  rates: number[];
  workers?: number;
  peers: boolean;
  kills: number;
  settle: number;
  memory?: number;
  output: string;
}

/** Reads the command line. Ends the process if it is wrong. */
export function readOptions(): Options {
  return program
    .name('bench')
    .description(
      'Compares the product with a bare chain of the same parts. MONGODB_URI_BENCH names a MongoDB server to use.',
    )
    .option('--seconds <number>', 'seconds per round', wholeNumber(1, 600), 2)
    .option('--rounds <number>', 'rounds of each operation on each chain', wholeNumber(1, 100), 6)
    .option(
      '--connections <number>',
      'concurrent requests: 8; with --noise of the noisy one: 128',
      wholeNumber(1, 2000),
    )
    .option('--users <number>', 'number of seeded users, 100 or more', wholeNumber(100, 1_000_000), 2000)
    .option(
      '--only <names>',
      `some of ${OPERATIONS.join(',')}; of --hostile: ${LOAD_NAMES.join(',')}; of --events: ${EVENT_PARTS.join(',')}`,
      parseNames,
      { operations: OPERATIONS, loads: LOAD_NAMES, parts: EVENT_PARTS },
    )
    .option('--profile', 'also profile all services, which slows them down, and print their self times', false)
    .option('--before <folder>', 'also measure an earlier version: the folder of its checkout, which has been built')
    .option('--rules', 'measure instead the rules of userstore in one process, also of an earlier version', false)
    .option('--walk', 'measure instead walks through all users of a large organization', false)
    .option('--noise', 'measure instead how an organization far above its rate limit affects another', false)
    .addOption(
      new Option('--scale [users]', 'measure instead all operations with this number of users, against 1,000')
        .preset(1_000_000)
        .argParser(wholeNumber(5000, 5_000_000)),
    )
    .option('--soak <minutes>', 'run a mixed load for this time instead, and watch the memory', wholeNumber(1, 1440))
    .option('--groups', 'measure instead groups of 10, 5,000 and 50,000 members', false)
    .option('--hostile', 'measure instead how hostile loads affect another organization', false)
    .option('--events', 'measure instead the event log: latency, the cost of its order, size, and kills', false)
    .option('--mirror', 'check instead the mirror of the client package, and measure its memory', false)
    .option('--reader', 'measure instead how a service that reads all it can affects the edge', false)
    .option('--calls <number>', 'with --reader: its calls at a time', wholeNumber(1, 1000), 64)
    .option('--console', 'measure instead the pages of the console, with --users and --organizations', false)
    .option(
      '--organizations <number>',
      'with --console or --day: number of organizations (100; 500)',
      wholeNumber(2, 10_000),
    )
    .option('--day', "measure instead a day of customers: Okta's mix of requests at fixed rates", false)
    .option(
      '--workers <number>',
      'with --day: also with this number of edge workers and userstores',
      wholeNumber(2, 64),
    )
    .option('--peers', 'measure instead other SCIM services beside the product; installs them on first use', false)
    .option('--rates <numbers>', 'with --day: requests a second', parseRates, [200, 400, 800])
    .option('--kills <number>', 'with --events: how often a process is killed', wholeNumber(2, 1000), 50)
    .option('--settle <seconds>', 'with --hostile: time after each load until memory is read', wholeNumber(0, 600), 0)
    .option(
      '--memory <MiB>',
      'with --hostile or --soak: memory limit of each service; needs root and Linux',
      wholeNumber(64, 65_536),
    )
    .option('--output <folder>', 'folder of profiles and of the peers', 'data/bench')
    .parse()
    .opts<Options>();
}

function parseNames(value: string): Options['only'] {
  const names = value.split(',');
  const known: string[] = [...OPERATIONS, ...LOAD_NAMES, ...EVENT_PARTS];
  if (names.some((name) => !known.includes(name))) throw new InvalidArgumentError(`Names are ${known.join(', ')}.`);
  return { operations: OPERATIONS.filter((operation) => names.includes(operation)), loads: names, parts: names };
}

function parseRates(value: string): number[] {
  const rates = value.split(',').map(Number);
  if (rates.every((rate) => Number.isInteger(rate) && rate > 0)) return rates;
  throw new InvalidArgumentError('Rates are whole numbers, with commas between them.');
}
