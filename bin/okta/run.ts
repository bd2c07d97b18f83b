/** A whole run: the steps in their order, and what is left at the end. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, StopError, UnreachableError } from './client.js';
import { checkRefusals, testCredentials } from './connection.js';
import { importUsers } from './import.js';
import { assign, deactivate, leave, link, reactivate, update } from './lifecycle.js';
import { createPeople, isActive, isAssigned } from './people.js';
import { changeGroups, createGroups, pushGroups, unlinkGroups } from './push-groups.js';
import { closeTally, count, createOkta, type Position, type StepCode, type StepResult, startTally } from './step.js';
import type { Dialect } from './user.js';

const COMEBACK_MS = 5000;

/** What to run, and against whom. */
export interface Plan {
  /** Base URL ending in `/scim/v2`. */
  url: string;
  /** The value of the Authorization header. */
  authorization: string;
  dialect: Dialect;
  users: number;
  parallel: number;
  /** Names the run: part of every userName. */
  seed: string;
  cleanup: boolean;
}

/** What a run found. */
export interface Outcome {
  steps: StepResult[];
  /** Why the run ended before its last step. */
  stopped?: string;
  /** How many of its users are on the server afterwards, and how many of those are active. */
  left: number;
  leftActive: number;
}

/** Who watches a run. */
export interface Audience {
  /** A step begins; `position` changes while it runs. */
  begins(position: Position): void;
  ends(result: StepResult): void;
}

/** Runs the plan to its end; when `stopping` is aborted, to the end of what is under way and the cleaning up. */
export async function run(plan: Plan, audience: Audience, stopping: AbortSignal): Promise<Outcome> {
  const { dialect, parallel } = plan;
  const people = createPeople(plan.users, plan.seed);
  const groups = createGroups(plan.seed);
  const assigned = () => people.filter(isAssigned);
  const leavers = () => assigned().slice(0, Math.ceil(assigned().length / 2));
  const returners = () => leavers().slice(0, Math.ceil(leavers().length / 2));
  const steps: [string, StepCode][] = [
    ['Test API credentials', (okta) => testCredentials(okta, plan.authorization)],
    ['Assign users', (okta) => assign(okta, people)],
    ['Link an existing user', (okta) => link(okta, assigned())],
    ['Update profiles', (okta) => update(okta, assigned(), dialect)],
    ['Deactivate half', (okta) => deactivate(okta, leavers(), dialect)],
    ['Reactivate some', (okta) => reactivate(okta, returners(), dialect)],
    ['Push groups', (okta) => pushGroups(okta, groups, assigned(), dialect)],
    ['Change groups', (okta) => changeGroups(okta, groups, assigned(), dialect)],
    ['Import', (okta) => importUsers(okta, assigned())],
    ['Be refused', (okta) => checkRefusals(okta, assigned())],
  ];

  let tally = startTally('');
  const send = createClient(plan.url, plan.authorization, {
    exchanged: (exchange) => tally.exchanges.push(exchange),
    paused: (seconds) => tally.pauses.push(seconds),
  });
  const results: StepResult[] = [];
  const perform = async (title: string, code: StepCode, signal: AbortSignal) => {
    tally = startTally(title);
    audience.begins(tally.position);
    let stop: StopError | undefined;
    let did = 'broken off';
    try {
      did = await code(createOkta(send, tally, parallel, signal));
    } catch (error) {
      if (!(error instanceof StopError)) throw error;
      stop = error;
      if (tally.failed === 0) count(tally, false, error.message);
    }
    const result = closeTally(tally, did);
    results.push(result);
    audience.ends(result);
    return stop;
  };

  let stop: StopError | undefined;
  for (const [title, code] of steps) {
    stop = await perform(title, code, stopping);
    if (stop) break;
  }
  if (people.some(({ posted }) => posted)) {
    // The server may be on its way back.
    if (stop instanceof UnreachableError) await sleep(COMEBACK_MS);
    const never = new AbortController().signal;
    if (groups.some(({ posted }) => posted)) {
      const unlinked = await perform('Unlink groups', (okta) => unlinkGroups(okta, groups, assigned()), never);
      stop ??= unlinked;
    }
    const last = await perform('Leave', (okta) => leave(okta, people, dialect, plan.cleanup), never);
    stop ??= last;
  }
  const left = assigned();
  return {
    steps: results,
    ...(stop && { stopped: stop.message }),
    left: left.length,
    leftActive: left.filter(isActive).length,
  };
}
