/** The text that a person reads during and after a run. */

import type { Outcome, Plan } from './run.js';
import type { Position, StepResult } from './step.js';

const MAX_REASONS = 3;

/**
 * Shows the progress of a step on stderr until the returned function is called: one line that is rewritten on a
 * terminal, else one line every five seconds.
 */
export function showProgress(position: Position): () => void {
  const { isTTY } = process.stderr;
  const started = performance.now();
  const draw = () => {
    const { title, done, total } = position;
    const share = total > 0 ? ` ${done}/${total}` : '';
    const line = `  … ${title}${share}, ${Math.round((performance.now() - started) / 1000)} s`;
    process.stderr.write(isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, isTTY ? 250 : 5000);
  return () => {
    clearInterval(timer);
    if (isTTY) process.stderr.write('\r\x1b[2K');
  };
}

/** Returns the line before the first step. */
export function heading({ url, dialect, users, seed, parallel }: Plan): string {
  return `Okta stand-in: ${plural(users, 'user')} named *.${seed}@okta-stand-in.example, dialect ${dialect}, ${parallel} at a time, at ${url}`;
}

/** Returns one line about a step, and one for each of its first failures. */
export function stepLines(number: number, step: StepResult): string {
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
  const reasons = step.reasons.slice(0, MAX_REASONS).map((reason) => `      - ${reason}`);
  if (step.failed > reasons.length) reasons.push(`      - and ${step.failed - reasons.length} more`);
  return [parts.filter(Boolean).join(' '), ...reasons].join('\n');
}

/** Returns the last lines: the users that stay on the server, and the verdict. */
export function verdict(plan: Plan, outcome: Outcome, seconds: number): string {
  const checks = sum(outcome.steps, 'checks');
  const failed = sum(outcome.steps, 'failed');
  const lines: string[] = [];
  if (outcome.left > 0) {
    const state = outcome.leftActive > 0 ? `${outcome.leftActive} of them still ACTIVE` : 'all deactivated';
    lines.push(
      `${plural(outcome.left, 'user')} named *.${plan.seed}@okta-stand-in.example stay on the server, ${state}.`,
    );
  }
  if (outcome.stopped) lines.push(`Stopped: ${outcome.stopped}`);
  const passed = succeeded(outcome);
  const sums = passed ? plural(checks, 'check') : `${failed} of ${plural(checks, 'check')}`;
  lines.push(
    `${passed ? 'PASSED' : 'FAILED'}: ${sums} in ${plural(outcome.steps.length, 'step')}, ${seconds.toFixed(1)} s`,
  );
  return lines.join('\n');
}

/** Returns the run as one JSON document without secrets. */
export function document(plan: Plan, outcome: Outcome, seconds: number): string {
  const { authorization: _, ...shown } = plan;
  const checks = sum(outcome.steps, 'checks');
  const failed = sum(outcome.steps, 'failed');
  return JSON.stringify(
    { passed: succeeded(outcome), checks, failed, seconds: Math.round(seconds * 10) / 10, ...shown, ...outcome },
    null,
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
