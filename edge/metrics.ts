/** The metrics of an edge: their names and what each counts. No label says whose a request is, or about whom. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** In seconds. */
const DURATIONS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];
/** Whatever else a client calls its method is one label. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Why a request is refused before it is worked on: too many, its organization has its share, too many bytes, or strangers. */
const SHED = ['requests', 'organization', 'bodies', 'strangers'] as const;
export type ShedReason = (typeof SHED)[number];
/** What a limit of requests came to; unchecked: userstore was away, so the request was let through. */
const DECISIONS = ['allowed', 'refused', 'unchecked'] as const;
export type LimitDecision = (typeof DECISIONS)[number];

/** What is held at the moment. */
const LEVELS = {
  http_requests_in_flight: 'Requests that are being answered.',
  http_request_body_bytes: 'Bytes of request bodies that are held, as announced.',
  userstore_calls_in_flight: 'Calls that userstore has not answered yet.',
  userstore_calls_queued: 'Calls that wait in the edge for their turn.',
  activities_waiting: 'Activities that are not recorded yet.',
};
type Level = keyof typeof LEVELS;

/** The functions by which the edge counts. */
export type EdgeMetrics = ReturnType<typeof createEdgeMetrics>;

/** Registers the metrics of an edge; nothing is registered anywhere else. */
export function createEdgeMetrics(registry: Registry) {
  // Both services have some metrics of the same names.
  registry.setDefaultLabels({ service: 'edge' });
  const registers = [registry];
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'HTTP requests answered, by the pattern of their route; status "aborted": the client went away.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATIONS,
    registers,
  });
  const calls = new Histogram({
    name: 'grpc_client_call_duration_seconds',
    help: 'Calls to userstore, by the gRPC code that they ended with.',
    labelNames: ['rpc', 'code'],
    buckets: DURATIONS,
    registers,
  });
  const counter = <Label extends string>(name: string, help: string, label: Label, values: readonly string[]) => {
    const made = new Counter({ name, help, labelNames: [label], registers });
    // A rate cannot see the first of something that was not there before.
    for (const value of values) made.labels(value).inc(0);
    return made;
  };
  const shed = counter('http_requests_shed_total', 'Requests refused for want of room.', 'reason', SHED);
  const decisions = counter('rate_limit_decisions_total', 'What limits of requests came to.', 'decision', DECISIONS);
  const permits = new Counter({
    name: 'rate_limit_permits_fetched_total',
    help: 'Permits taken out of the budgets that edges share.',
    registers,
  });
  const tokens = counter('token_cache_lookups_total', 'Look-ups of API tokens.', 'result', ['hit', 'miss']);
  const lost = new Counter({ name: 'activities_lost_total', help: 'Activities that nobody recorded.', registers });

  return {
    /** A request that is over; `status` undefined: its client went away. */
    request(method: string, route: string, status: number | undefined, seconds: number): void {
      requests.labels(METHODS.has(method) ? method : 'other', route, String(status ?? 'aborted')).observe(seconds);
    },
    /** A call to userstore that begins; returns what ends it. */
    call(rpc: string): (code: string) => void {
      const start = performance.now();
      return (code) => calls.labels(rpc, code).observe((performance.now() - start) / 1000);
    },
    shed: (reason: ShedReason): void => shed.labels(reason).inc(),
    limitDecision: (decision: LimitDecision): void => decisions.labels(decision).inc(),
    permitsFetched: (count: number): void => permits.inc(count),
    tokenLookup: (isHit: boolean): void => tokens.labels(isHit ? 'hit' : 'miss').inc(),
    activitiesLost: (count: number): void => lost.inc(count),
    /** Begins to show what is held at the moment; it is asked for whenever metrics are read. */
    show(levels: Partial<Record<Level, () => number>>): void {
      for (const [name, level] of Object.entries(levels)) {
        new Gauge({
          name,
          help: LEVELS[name as Level],
          registers,
          collect() {
            this.set(level());
          },
        });
      }
    },
  };
}
