/**
 * Spans of calls and of the commands to MongoDB that they lead to. Without an OpenTelemetry SDK, which whoever runs
 * userstore may load, they are nothing. No attribute says whose a call is, or about whom.
 */
import {
  type Context,
  context,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { CommandObserver } from './storage/commands.js';

const tracer = trace.getTracer('leasehawk-userstore');

/** What a call's metadata is to those who follow its trace. */
interface Carrier {
  get(name: string): unknown[];
  getMap(): object;
}
const getter = {
  get: (carrier: Carrier, name: string) => String(carrier.get(name)[0] ?? ''),
  keys: (carrier: Carrier) => Object.keys(carrier.getMap()),
};

/** A call as a part of its caller's trace. */
export interface CallSpan {
  /** In which the call is to be answered. */
  context: Context;
  /** To be told the name of the gRPC code. */
  end: (code: string) => void;
}

/** Makes a span of a call. */
export function callSpan(rpc: string, metadata: Carrier): CallSpan {
  const parent = propagation.extract(ROOT_CONTEXT, metadata, getter);
  const span = tracer.startSpan(rpc, { kind: SpanKind.SERVER }, parent);
  const end = (code: string) => {
    if (span.isRecording()) {
      span.setAttributes({ 'rpc.system': 'grpc', 'rpc.method': rpc, 'rpc.response.status_code': code });
      if (['INTERNAL', 'UNAVAILABLE', 'UNKNOWN'].includes(code)) span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };
  return { context: trace.setSpan(parent, span), end };
}

/** Makes spans of commands that belong to a call; what the process does of its own accord has none. */
export const commandSpan: CommandObserver = (command, collection) => {
  if (!trace.getSpan(context.active())?.isRecording()) return () => undefined;
  const span = tracer.startSpan(`${command} ${collection}`, { kind: SpanKind.CLIENT });
  span.setAttributes({ 'db.system.name': 'mongodb', 'db.operation.name': command, 'db.collection.name': collection });
  return (isOk) => {
    if (!isOk) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
};

/** Whether an SDK has been loaded, so that commands are worth being watched. */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('leasehawk-userstore') !== undefined;
}
