/** The text that a person reads during and after a run. */

import { isTerminal, joinedLines, json, type Printable, printable, printError, rewriteLine } from '../admin/printer.js';
import type { Outcome, Plan } from './run.js';
import type { Position, StepResult } from './step.js';

const MAX_REASONS = 3;

/**
 * Shows the progress of a step on stderr until the returned function is called: one line that is rewritten on a
 * terminal, else one line every five seconds.
 */
export function showProgress(position: Position): () => void {
  const onTerminal = isTerminal();
  const started = performance.now();
  const draw = () => {
    const { title, done, total } = position;
    const share = total > 0 ? ` ${done}/${total}` : '';
    const line = printable`  … ${title}${share}, ${Math.round((performance.now() - started) / 1000)} s`;
    if (onTerminal) rewriteLine(line);
    else printError(line);
  };
  const timer = setInterval(draw, onTerminal ? 250 : 5000);
  return () => {
    clearInterval(timer);
    if (onTerminal) rewriteLine(printable``);
  };
}

/** Returns the line before the first step. */
export function heading({ url, dialect, users, seed, parallel }: Plan): Printable {
  return printable`Okta stand-in: ${plural(users, 'user')} named *.${seed}@okta-stand-in.example, dialect ${dialect}, ${parallel} at a time, at ${url}`;
}

/** Returns one line about a step, and one for each of its first failures. */
export function stepLines(number: number, step: StepResult): Printable {
  const statuses = Object.entries(step.statuses).map(
    ([status, times]) => `${times} × ${status === '0' ? 'no answer' : status}`,
  );
  const parts = [
    `${String(number).padStart(2)}  ${step.title.padEnd(21)}`,
    step.failed === 0 ? 'ok    ' : 'FAILED',
    `${step.did};`,
    step.requests > 0
      ? `${plural(step.requests, 'request')} (${statuses.join(', ')}), p50 ${step.p50Ms} ms, p95 ${step.p95Ms} ms;`
      : 'no requests;',
    step.pauses > 0 ? `waited ${step.pausedSeconds} s for 429;` : '',
    step.failed === 0 ? plural(step.checks, 'check') : `${step.failed} of ${plural(step.checks, 'check')} failed`,
  ];
  const reasons = step.reasons.slice(0, MAX_REASONS).map((reason) => printable`      - ${reason}`);
  if (step.failed > reasons.length) reasons.push(printable`      - and ${step.failed - reasons.length} more`);
  return joinedLines([printable`${parts.filter(Boolean).join(' ')}`, ...reasons]);
}

/** Returns the last lines: the users that stay on the server, and the verdict. */
export function verdict(plan: Plan, outcome: Outcome, seconds: number): Printable {
  const checks = sum(outcome.steps, 'checks');
  const failed = sum(outcome.steps, 'failed');
  const lines: Printable[] = [];
  if (outcome.left > 0) {
    const state = outcome.leftActive > 0 ? `${outcome.leftActive} of them still ACTIVE` : 'all deactivated';
    lines.push(
      printable`${plural(outcome.left, 'user')} named *.${plan.seed}@okta-stand-in.example stay on the server, ${state}.`,
    );
  }
  if (outcome.stopped) lines.push(printable`Stopped: ${outcome.stopped}`);
  const passed = succeeded(outcome);
  const sums = passed ? plural(checks, 'check') : `${failed} of ${plural(checks, 'check')}`;
  lines.push(
    printable`${passed ? 'PASSED' : 'FAILED'}: ${sums} in ${plural(outcome.steps.length, 'step')}, ${seconds.toFixed(1)} s`,
  );
  return joinedLines(lines);
}

/** Returns the run as one JSON document without secrets. */
export function document(plan: Plan, outcome: Outcome, seconds: number): Printable {
  const { authorization: _, ...shown } = plan;
  const checks = sum(outcome.steps, 'checks');
  const failed = sum(outcome.steps, 'failed');
  return json(
    { passed: succeeded(outcome), checks, failed, seconds: Math.round(seconds * 10) / 10, ...shown, ...outcome },
    2,
  );
}

/** Whether every step ran and every check passed. */
export function succeeded(outcome: Outcome): boolean {
  return outcome.stopped === undefined && sum(outcome.steps, 'failed') === 0;
}

function sum(steps: StepResult[], field: 'checks' | 'failed'): number {
  return steps.reduce((total, step) => total + step[field], 0);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
