/** A whole run: its steps in order, and the users that it leaves on the server. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, StopError, UnreachableError } from './client.js';
import { checkRefusals, testCredentials } from './connection.js';
import { importUsers } from './import.js';
import { assign, cleanUp, deactivate, link, reactivate, update } from './lifecycle.js';
import { createPeople, isActive, isAssigned } from './people.js';
import { changeGroups, createGroups, pushGroups, unlinkGroups } from './push-groups.js';
import { closeTally, count, createOkta, type Position, type StepCode, type StepResult, startTally } from './step.js';
import type { Dialect } from './user.js';

const RESTART_MS = 5000;

/** The options of a run. */
export interface Plan {
  /** Base URL ending in `/scim/v2`. */
  url: string;
  /** The value of the Authorization header. */
  authorization: string;
  dialect: Dialect;
  users: number;
  parallel: number;
  /** The name of the run, part of every userName. */
  seed: string;
  cleanup: boolean;
}

/** The result of a run. */
export interface Outcome {
  steps: StepResult[];
  /** The reason if the run ended before its last step. */
  stopped?: string;
  /** Number of its users that stay on the server, and of those that are active. */
  left: number;
  leftActive: number;
}

/** Observes a run. */
export interface RunObserver {
  /** Called when a step starts. `position` changes while it runs. */
  started(position: Position): void;
  ended(result: StepResult): void;
}

/** Runs the plan. When `stopping` aborts, ends the requests in flight and cleans up. */
export async function run(plan: Plan, observer: RunObserver, stopping: AbortSignal): Promise<Outcome> {
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
    ['Refusals', (okta) => checkRefusals(okta, assigned())],
  ];

  let tally = startTally('');
  const send = createClient(plan.url, plan.authorization, {
    exchanged: (exchange) => tally.exchanges.push(exchange),
    paused: (seconds) => tally.pauses.push(seconds),
  });
  const results: StepResult[] = [];
  const perform = async (title: string, code: StepCode, signal: AbortSignal) => {
    tally = startTally(title);
    observer.started(tally.position);
    let stop: StopError | undefined;
    let summary = 'aborted';
    try {
      summary = await code(createOkta(send, tally, parallel, signal));
    } catch (error) {
      if (!(error instanceof StopError)) throw error;
      stop = error;
      if (tally.failed === 0) count(tally, false, error.message);
    }
    const result = closeTally(tally, summary);
    results.push(result);
    observer.ended(result);
    return stop;
  };

  let stop: StopError | undefined;
  for (const [title, code] of steps) {
    stop = await perform(title, code, stopping);
    if (stop) break;
  }
  if (people.some(({ posted }) => posted)) {
    // The server may be restarting.
    if (stop instanceof UnreachableError) await sleep(RESTART_MS);
    const never = new AbortController().signal;
    if (groups.some(({ posted }) => posted)) {
      const unlinked = await perform('Unlink groups', (okta) => unlinkGroups(okta, groups, assigned()), never);
      stop ??= unlinked;
    }
    const last = await perform('Clean up', (okta) => cleanUp(okta, people, dialect, plan.cleanup), never);
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
