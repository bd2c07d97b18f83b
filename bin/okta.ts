/**
 * The command `okta`: simulates Okta's provisioning client against a SCIM base URL and reports whether Okta would work.
 */

import { randomInt } from 'node:crypto';
import { InvalidArgumentError, Option, program } from 'commander';
import { ConfigurationError, readVariables } from '../config/variables.js';
import { commanderOutput, print, printable, printCrashes, printError } from './admin/printer.js';
import { authorizationFor } from './okta/authorization.js';
import { variables } from './okta/config.js';
import { document, heading, showProgress, stepLines, succeeded, verdict } from './okta/report.js';
import { type Plan, run } from './okta/run.js';
import type { Dialect } from './okta/user.js';
import { wholeNumber } from './whole-number.js';

const EXAMPLES = `
Example, with the three values that \`npm start\` prints:
  export SCIM_TOKEN='apikey 689c872e-5fae-438c-9467-0c9fc33c882e'
  npm run okta -- --url http://127.0.0.1:8080/acme42/scim/v2 --users 25 --dialect oin

  npm run --silent okta -- --url … --json | jq .passed

Progress goes to stderr, results to stdout. Exit status: 0 passed, 1 failed, 2 wrong arguments.
Ctrl-C ends the run after its users are deactivated or deleted; a second Ctrl-C ends it at once.`;

interface Options extends Omit<Plan, 'authorization' | 'seed'> {
  token?: string;
  seed?: string;
  json?: boolean;
}

printCrashes();
program
  .name('okta')
  .description(
    'Simulates Okta against a deployment: assigns, updates, deactivates, reactivates and imports test users, and pushes groups.',
  )
  .requiredOption('--url <url>', 'base URL as entered in Okta, ending in /scim/v2', parseUrl)
  .option(
    '--token <value>',
    'API token as entered in Okta (default: SCIM_TOKEN); oin sends it unchanged, and "apikey " before a bare UUID; ' +
      'aiw sends "Bearer " before it, as wizard apps do, so enter the bare UUID there',
  )
  .option('--users <number>', 'number of users to assign, 1 to 10000', wholeNumber(1, 10_000), 25)
  .addOption(
    new Option('--dialect <name>', 'oin: catalogue app, PATCH and PUT; aiw: wizard app, PUT only')
      .choices(['oin', 'aiw'] satisfies Dialect[])
      .default('oin' satisfies Dialect),
  )
  .option('--parallel <number>', 'concurrent users, 1 to 64', wholeNumber(1, 64), 4)
  .option(
    '--seed <tag>',
    'part of the user names, to repeat a run that ended with --cleanup (default: random)',
    parseSeed,
  )
  .option('--cleanup', 'delete the users at the end, for test deployments (Okta only deactivates)', false)
  .option('--json', 'print one JSON document instead of text')
  .configureOutput(commanderOutput)
  .addHelpText('after', EXAMPLES)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { token, json, ...rest } = program.opts<Options>();
const randomSeed = () =>
  randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');
const plan: Plan = {
  ...rest,
  seed: rest.seed ?? randomSeed(),
  authorization: authorizationFor(readToken(token ?? tokenOfEnvironment()), rest.dialect),
};

const stopping = new AbortController();
let abortedAt = 0;
process.on('SIGINT', () => {
  // npm forwards a Ctrl-C that the terminal has already delivered, so only one after a second counts as the second.
  if (stopping.signal.aborted && performance.now() - abortedAt > 1000) process.exit(130);
  if (stopping.signal.aborted) return;
  abortedAt = performance.now();
  printError(printable`Ending the run and cleaning up its users; press Ctrl-C again to end at once.`);
  stopping.abort();
});

const startTime = performance.now();
if (!json) print(heading(plan));
let number = 0;
let hide = () => {};
const outcome = await run(
  plan,
  {
    started(position) {
      hide = showProgress(position);
    },
    ended(result) {
      hide();
      if (!json) print(stepLines(++number, result));
    },
  },
  stopping.signal,
);
const seconds = (performance.now() - startTime) / 1000;
print(json ? document(plan, outcome, seconds) : verdict(plan, outcome, seconds));
process.exitCode = succeeded(outcome) ? 0 : 1;

/** Parses a base URL by Okta's rules: http or https, no underscore, `/scim/v2` at the end with or without a slash. */
function parseUrl(value: string): string {
  if (!URL.canParse(value)) throw new InvalidArgumentError('It is not a URL.');
  const url = new URL(value);
  if (!/^https?:$/.test(url.protocol) || url.username) throw new InvalidArgumentError('It must be http(s)://host/….');
  if (value.includes('_')) throw new InvalidArgumentError('Okta refuses base URLs with an underscore.');
  const base = value.replace(/\/$/, '');
  if (!base.endsWith('/scim/v2')) throw new InvalidArgumentError('It must end in /scim/v2.');
  return base;
}

function parseSeed(value: string): string {
  if (!/^[a-z0-9]{1,20}$/.test(value)) throw new InvalidArgumentError('1 to 20 lower-case letters and digits.');
  return value;
}

/** Returns the token in SCIM_TOKEN or the file SCIM_TOKEN_FILE. */
function tokenOfEnvironment(): string {
  try {
    const { SCIM_TOKEN } = readVariables(variables, process.env);
    return SCIM_TOKEN ?? program.error("error: no token: use '--token <value>', SCIM_TOKEN or SCIM_TOKEN_FILE");
  } catch (error) {
    if (error instanceof ConfigurationError) program.error(`error: ${error.message}`);
    throw error;
  }
}

/** Returns the token as a person would enter it. It never appears in a message. */
function readToken(value: string): string {
  const trimmed = value.trim();
  if (!/^[\x20-\x7e]+$/.test(trimmed))
    program.error('error: the token is empty or has characters that a header cannot contain');
  return trimmed;
}
