/** The metrics of an edge. No label identifies an organization or a user. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Upper bounds of the histogram buckets, in seconds. */
const DURATIONS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];
/** Any other method has the label "other", because clients can invent methods. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * The label of each reason why admission sheds a request: too many requests, an organization beyond its share, too many
 * bytes of bodies, too many anonymous requests. Operators' dashboards and alerts rely on the label values.
 */
const SHED = { requests: 'requests', organization: 'organization', bodies: 'bodies', anonymous: 'strangers' } as const;
export type ShedReason = keyof typeof SHED;
/** Decisions of the rate limit. Unchecked: userstore was unavailable, so the edge allowed the request itself. */
const DECISIONS = ['allowed', 'refused', 'unchecked'] as const;
export type LimitDecision = (typeof DECISIONS)[number];

/** The gauges, with their help texts. */
const LEVELS = {
  http_requests_in_flight: 'Requests in progress.',
  http_request_body_bytes: 'Bytes of request bodies in memory, by their Content-Length.',
  userstore_calls_in_flight: 'Calls to userstore in progress.',
  userstore_calls_queued: 'Calls to userstore that wait in the edge.',
  activities_waiting: 'Activities that are not recorded yet.',
  webhook_lag_seconds: 'Age of the oldest event that this edge is delivering to a webhook.',
};
type Level = keyof typeof LEVELS;

/** The functions that observe the metrics. */
export type EdgeMetrics = ReturnType<typeof createEdgeMetrics>;

/** Registers the metrics of an edge, except those of certificates and of the Node.js process. */
export function createEdgeMetrics(registry: Registry) {
  // Some metrics of both services have the same name.
  registry.setDefaultLabels({ service: 'edge' });
  const registers = [registry];
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests, by route pattern; status "aborted": the client closed the connection.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATIONS,
    registers,
  });
  const calls = new Histogram({
    name: 'grpc_client_call_duration_seconds',
    help: 'Duration of calls to userstore, by gRPC status code.',
    labelNames: ['rpc', 'code'],
    buckets: DURATIONS,
    registers,
  });
  const counter = <Label extends string>(name: string, help: string, label: Label, values: readonly string[]) => {
    const created = new Counter({ name, help, labelNames: [label], registers });
    // rate() misses the first increment of a series that did not exist before.
    for (const value of values) created.labels(value).inc(0);
    return created;
  };
  const shedHelp = 'Requests refused because the edge has no capacity for them.';
  const shed = counter('http_requests_shed_total', shedHelp, 'reason', Object.values(SHED));
  const decisions = counter('rate_limit_decisions_total', 'Decisions of the rate limit.', 'decision', DECISIONS);
  const permits = new Counter({
    name: 'rate_limit_permits_fetched_total',
    help: 'Permits that the edge acquired from userstore.',
    registers,
  });
  const tokens = counter('token_cache_lookups_total', 'Lookups of API tokens in the cache.', 'result', ['hit', 'miss']);
  const webhooks = counter('webhook_attempts_total', 'Attempts to deliver an event to a webhook.', 'result', [
    'accepted',
    'failed',
  ]);
  const lost = new Counter({ name: 'activities_lost_total', help: 'Activities that were not recorded.', registers });

  return {
    /** Observes a finished request; `status` is undefined if the client closed the connection early. */
    request(method: string, route: string, status: number | undefined, seconds: number): void {
      requests.labels(METHODS.has(method) ? method : 'other', route, String(status ?? 'aborted')).observe(seconds);
    },
    /** Starts to observe a call to userstore. Returns a function that ends it with a gRPC status code. */
    call(rpc: string): (code: string) => void {
      const start = performance.now();
      return (code) => calls.labels(rpc, code).observe((performance.now() - start) / 1000);
    },
    shed: (reason: ShedReason): void => shed.labels(SHED[reason]).inc(),
    limitDecision: (decision: LimitDecision): void => decisions.labels(decision).inc(),
    permitsFetched: (count: number): void => permits.inc(count),
    tokenLookup: (isHit: boolean): void => tokens.labels(isHit ? 'hit' : 'miss').inc(),
    webhookAttempt: (isAccepted: boolean): void => webhooks.labels(isAccepted ? 'accepted' : 'failed').inc(),
    activitiesLost: (count: number): void => lost.inc(count),
    /** Registers gauges; each function is called whenever the metrics are read. */
    show(levels: Partial<Record<Level, () => number>>): void {
      for (const [name, level] of Object.entries(levels)) {
        new Gauge({
          name,
          help: LEVELS[name as Level],
          registers,
          // Of several workers: their sum, or the oldest event of all.
          aggregator: name === 'webhook_lag_seconds' ? 'max' : 'sum',
          collect() {
            this.set(level());
          },
        });
      }
    },
  };
}
