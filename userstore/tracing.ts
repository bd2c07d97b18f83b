/**
 * Spans of calls and of the commands that calls send to MongoDB. They cost nothing unless the operator loads an
 * OpenTelemetry SDK. No attribute names an organization, a user or a caller.
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

/** The metadata of a call, as far as the trace context is read from it. */
interface Carrier {
  get(name: string): unknown[];
  getMap(): object;
}
const getter = {
  get: (carrier: Carrier, name: string) => String(carrier.get(name)[0] ?? ''),
  keys: (carrier: Carrier) => Object.keys(carrier.getMap()),
};

/** The span of a call, a child of its caller's span. */
export interface CallSpan {
  /** The context to answer the call in. */
  context: Context;
  /** Ends the span with the name of the gRPC code. */
  end: (code: string) => void;
}

/** Starts the span of a call. */
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

/** Makes spans of commands that belong to a call. Commands of background jobs have none. */
export const commandSpan: CommandObserver = (command, collection) => {
  if (!trace.getSpan(context.active())?.isRecording()) return () => undefined;
  const span = tracer.startSpan(`${command} ${collection}`, { kind: SpanKind.CLIENT });
  span.setAttributes({ 'db.system.name': 'mongodb', 'db.operation.name': command, 'db.collection.name': collection });
  return (isOk) => {
    if (!isOk) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
};

/** Returns whether an SDK is loaded: without one, commands need not be monitored. */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('leasehawk-userstore') !== undefined;
}
