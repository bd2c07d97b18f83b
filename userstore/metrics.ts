/**
 * The metrics of a userstore. No label names an organization or a user. A caller's name is that of a service account, a
 * service token or a certificate, which LeaseHawk's staff gave it.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The bounds of the buckets in seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The most names of callers that are counted apart, since every name is a time series that stays until a restart. */
const MAX_CALLERS = 200;
/** The name under which further callers are counted, and that of calls without a caller. */
const OTHER_CALLERS = 'other';
const NO_CALLER = 'unknown';

/** The gauges and their help texts. */
const LEVELS = {
  grpc_server_calls_in_flight: 'Calls in flight.',
  event_streams: 'Open streams of events.',
  event_outbox_lag_seconds: 'Age of the oldest change that is not in the event log.',
  event_watch_lag_seconds: 'Age of the oldest event that the slowest stream has not sent.',
  webhook_lag_seconds: 'Time for which an active webhook has failed, or for which no edge has held it.',
  webhooks_failing: 'Active webhooks whose last attempt failed.',
  webhooks_paused: 'Webhooks that userstore has paused after failures.',
  database_reachable: '1 if the last probe wrote to the database and read the write back, else 0.',
};
type Level = keyof typeof LEVELS;

/** The functions that count. */
export type UserstoreMetrics = ReturnType<typeof createUserstoreMetrics>;

/** Registers all metrics of a userstore. */
export function createUserstoreMetrics(registry: Registry) {
  // The edge has some metrics of the same names.
  registry.setDefaultLabels({ service: 'userstore' });
  const registers = [registry];
  const calls = new Histogram({
    name: 'grpc_server_call_duration_seconds',
    help: 'Duration of calls by gRPC code.',
    labelNames: ['rpc', 'code'],
    buckets: DURATIONS,
    registers,
  });
  const callsOfCallers = new Counter({
    name: 'grpc_server_caller_calls_total',
    help: 'Calls by the name of the caller and gRPC code.',
    labelNames: ['caller', 'code'],
    registers,
  });
  const callers = new Set<string>();
  const counted = (caller: string): string => {
    if (callers.size < MAX_CALLERS) callers.add(caller);
    return callers.has(caller) ? caller : OTHER_CALLERS;
  };
  const commands = new Histogram({
    name: 'mongodb_command_duration_seconds',
    help: 'Duration of commands to MongoDB; result "failed" includes those that exceeded their deadline.',
    labelNames: ['command', 'collection', 'result'],
    buckets: DURATIONS,
    registers,
  });
  const shed = new Counter({
    name: 'grpc_server_calls_shed_total',
    help: 'Calls refused because too many were in flight, or too many of their caller.',
    labelNames: ['caller'],
    registers,
  });
  // The series exists before the first refusal, so that this is an increase.
  shed.labels('edge').inc(0);

  return {
    /** Counts a call; `caller` is a name that userstore has verified, undefined for a call that proves none. */
    call(rpc: string, code: string, seconds: number, caller: string | undefined): void {
      calls.labels(rpc, code).observe(seconds);
      callsOfCallers.labels(caller === undefined ? NO_CALLER : counted(caller), code).inc();
    },
    command: (command: string, collection: string, isOk: boolean, seconds: number): void =>
      commands.labels(command, collection, isOk ? 'ok' : 'failed').observe(seconds),
    shed: (caller: string): void => shed.labels(caller).inc(),
    /** Registers gauges; each function is called whenever the metrics are read. */
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
