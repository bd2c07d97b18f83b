/** The row of the report that a load gets, and the bounds that decide its verdict. */
import type { Waits } from './bystander.js';
import { type Measured, SERVICES, type Service } from './services.js';
import type { Load } from './target.js';

/** The bounds of the verdict. */
const MOST = { timesIdle: 3, waitMs: 200, turnMs: 50, growth: 1.1, rssMib: 768 };

/** The pauses of the measurement in milliseconds, which the method names. */
export interface Pauses {
  everyMs: number;
  aftermathMs: number;
}

/** Returns the explanation above the report. */
export const methodOf = ({ everyMs, aftermathMs }: Pauses): string => `\
Each load meets services that have served some hundred requests, unless it says otherwise; another organization sends a GET of one user every ${everyMs} ms. Waits in ms as
p50/p99/max, first idle, then from the start of the load until ${aftermathMs} ms or more after its end. "Failed" are answers other than 200;
"none" is a request without an answer 20 s after it was sent or 2 s after the end.
A turn is the longest time in ms for which an event loop did not run its timers; in brackets that without the
waits for a CPU, which other processes cause. RSS in MiB before, at most, and after. A verdict is "ok" if p99 is at most
${MOST.timesIdle} × idle, no wait is over ${MOST.waitMs} ms and over the longest idle one, no turn over ${MOST.turnMs} ms of its own, no RSS over ${MOST.rssMib} MiB and nothing failed; with --settle also if
RSS is back within ${Math.round((MOST.growth - 1) * 100)} % by then.`;

/** The columns of the report. */
export const HEAD = [
  'load',
  'idle',
  'beside',
  'failed',
  'turn edge',
  'userstore',
  'RSS edge',
  'RSS userstore',
  'answers',
  'verdict',
];

/** Returns the row of a load. */
export function rowOf(
  { name, title }: Load,
  idle: Waits,
  beside: Waits,
  measured: Record<Service, Measured>,
  { answers, faults: seen }: { answers: ReadonlyMap<string, number>; faults: ReadonlySet<string> },
  hasSettled: boolean,
): string[] {
  const { 200: answered = 0, ...others } = beside.statuses;
  const failed = Object.entries(others).map(([status, count]) => `${count} × ${status === '0' ? 'none' : status}`);
  const total = beside.waits.length;
  const services = SERVICES.map((service) => measured[service]);
  const turns = services.map(({ turn }) => `${turn.length.toFixed(0)} (${turn.own.toFixed(0)})`);
  const rss = services.map(({ before, peak, after }) => [before, peak, after].map((mib) => mib.toFixed(0)).join('/'));
  const given = [...answers].map(([answer, count]) => `${count} × ${answer}`.replace(/^1 × (?=\D)/, '')).join(', ');
  const faults = [...faultsOf(idle, beside, measured, total - answered, hasSettled), ...seen];
  const waits = [idle, beside].map(({ waits }) => quantiles(waits).map(shown).join('/'));
  return [
    `${name}  ${title}`,
    ...waits,
    failed.length === 0 ? '0' : `${failed.join(', ')} of ${total}`,
    ...turns,
    ...rss,
    given,
    faults.length === 0 ? 'ok' : faults.join(', '),
  ];
}

function faultsOf(
  idle: Waits,
  beside: Waits,
  measured: Record<Service, Measured>,
  failed: number,
  hasSettled: boolean,
): string[] {
  const [, idleP99 = 0, idleMax = 0] = quantiles(idle.waits);
  const [, p99 = 0, max = 0] = quantiles(beside.waits);
  const ofServices = SERVICES.flatMap((service) => {
    const { before, peak, after, turn, isDead } = measured[service];
    return [
      ...(isDead ? [`${service} died`] : []),
      ...(turn.own > MOST.turnMs ? [`turn ${service}`] : []),
      ...(peak > MOST.rssMib ? [`peak ${service}`] : []),
      ...(hasSettled && after > before * MOST.growth ? [`RSS ${service}`] : []),
    ];
  });
  return [
    ...(p99 > MOST.timesIdle * idleP99 ? ['p99'] : []),
    ...(max > Math.max(MOST.waitMs, idleMax) ? ['max'] : []),
    ...(failed > 0 ? ['failed'] : []),
    ...ofServices,
  ];
}

/** The median, the 99th percentile and the longest. */
function quantiles(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

const shown = (ms: number) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
