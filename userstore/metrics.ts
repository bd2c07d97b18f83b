/** The metrics of a userstore: their names and what each counts. No label says whose a call is, or about whom. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** In seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is held at the moment. */
const LEVELS = {
  grpc_server_calls_in_flight: 'Calls that are being answered.',
  database_reachable: 'Whether the database took a write and gave it back when it was last asked.',
};
type Level = keyof typeof LEVELS;

/** The functions by which userstore counts. */
export type UserstoreMetrics = ReturnType<typeof createUserstoreMetrics>;

/** Registers the metrics of a userstore; nothing is registered anywhere else. */
export function createUserstoreMetrics(registry: Registry) {
  // Both services have some metrics of the same names.
  registry.setDefaultLabels({ service: 'userstore' });
  const registers = [registry];
  const calls = new Histogram({
    name: 'grpc_server_call_duration_seconds',
    help: 'Calls answered, by the gRPC code that they ended with.',
    labelNames: ['rpc', 'code'],
    buckets: DURATIONS,
    registers,
  });
  const commands = new Histogram({
    name: 'mongodb_command_duration_seconds',
    help: 'Commands sent to MongoDB; result "failed" includes those that were given up at their deadline.',
    labelNames: ['command', 'collection', 'result'],
    buckets: DURATIONS,
    registers,
  });
  const shed = new Counter({
    name: 'grpc_server_calls_shed_total',
    help: 'Calls refused for want of room.',
    registers,
  });

  return {
    call: (rpc: string, code: string, seconds: number): void => calls.labels(rpc, code).observe(seconds),
    command: (command: string, collection: string, isOk: boolean, seconds: number): void =>
      commands.labels(command, collection, isOk ? 'ok' : 'failed').observe(seconds),
    shed: (): void => shed.inc(),
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
