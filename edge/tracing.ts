/**
 * Spans of requests and of calls to userstore. Without an OpenTelemetry SDK, which whoever runs the edge may load,
 * they are nothing. No attribute says whose a request is, or about whom; its request id leads to the log that does.
 */
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Request, RequestHandler, Response } from 'express';
import { localsOf, routeOf } from './request-log.js';

const tracer = trace.getTracer('leasehawk-edge');

/** Makes a span of each request; where callers are trusted, a part of the trace that they have begun. */
export function requestSpan(isCallerTrusted: boolean): RequestHandler {
  return (request, response, next) => {
    const parent = isCallerTrusted ? propagation.extract(ROOT_CONTEXT, request.headers) : ROOT_CONTEXT;
    const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER }, parent);
    if (span.isRecording()) {
      response.once('close', () => {
        const route = routeOf(request);
        span.updateName(`${request.method} ${route}`);
        span.setAttributes(attributesOf(request, response, route));
        if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      });
    }
    context.with(trace.setSpan(parent, span), next);
  };
}

const attributesOf = ({ method }: Request, response: Response, route: string) => ({
  'http.request.method': method,
  'http.route': route,
  'http.response.status_code': response.statusCode,
  'leasehawk.request_id': localsOf(response).requestId,
});

/** Makes a span of a call, whose metadata takes it along; returns what ends it with the name of a gRPC code. */
export function callSpan(rpc: string, metadata: { set(name: string, value: string): void }): (code: string) => void {
  const span = tracer.startSpan(rpc, { kind: SpanKind.CLIENT });
  const set = (carrier: typeof metadata, name: string, value: string) => carrier.set(name, value);
  propagation.inject(trace.setSpan(context.active(), span), metadata, { set });
  return (code) => {
    if (span.isRecording()) {
      span.setAttributes({ 'rpc.system': 'grpc', 'rpc.method': rpc, 'rpc.response.status_code': code });
      if (code !== 'OK') span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };
}
