/** Measures each call and each command to MongoDB, and makes a span of it for the trace. */
import { context } from '@opentelemetry/api';
import type { UserstoreMetrics } from './metrics.js';
import type { CallTools } from './rpc/unary.js';
import type { CommandObserver } from './storage/commands.js';
import { callSpan, commandSpan } from './tracing.js';

/** Creates the observers of calls and of commands. */
export function createObservers(metrics: UserstoreMetrics): { call: CallTools['observe']; command: CommandObserver } {
  return {
    call(rpc, metadata) {
      const start = performance.now();
      const span = callSpan(rpc, metadata);
      return {
        run: (work) => context.with(span.context, work),
        end(code, caller) {
          span.end(code);
          metrics.call(rpc, code, (performance.now() - start) / 1000, caller);
        },
      };
    },
    command(command, collection) {
      const start = performance.now();
      const end = commandSpan(command, collection);
      return (isOk) => {
        end(isOk);
        metrics.command(command, collection, isOk, (performance.now() - start) / 1000);
      };
    },
  };
}
