/**
 * Spans of requests and of calls to userstore. They have no effect unless the operator loads an OpenTelemetry SDK. No
 * attribute identifies an organization or a user; the request id leads to the log line that does.
 */
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Request, RequestHandler, Response } from 'express';
import { localsOf, routeOf } from './request-context.js';

const tracer = trace.getTracer('leasehawk-edge');

/** Creates the handler that starts a span for each request; it continues an incoming trace if the client is trusted. */
export function requestSpan(isClientTrusted: boolean): RequestHandler {
  return (request, response, next) => {
    const parent = isClientTrusted ? propagation.extract(ROOT_CONTEXT, request.headers) : ROOT_CONTEXT;
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

/**
 * Starts a span for a call and adds its trace context to the call's metadata. Returns a function that ends the span
 * with the name of a gRPC status code.
 */
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
