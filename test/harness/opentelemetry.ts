/**
 * An OpenTelemetry SDK that an operator loads with NODE_OPTIONS. Every span becomes a line of the
 * service's output.
 */
import {
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';

/** A span as tests see it. */
export interface Span {
  name: string;
  /** As in OpenTelemetry's SpanKind: 1 server, 2 client. */
  kind: number;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  /** As in OpenTelemetry's SpanStatusCode: 2 is an error. */
  status: number;
  attributes: Record<string, unknown>;
}

const MARK = 'span ';

const lineOf = (span: ReadableSpan): string => {
  const { traceId, spanId } = span.spanContext();
  const { name, kind, attributes, parentSpanContext, status } = span;
  const parentId = parentSpanContext?.spanId;
  return `${MARK}${JSON.stringify({ name, kind, traceId, spanId, parentId, status: status.code, attributes })}\n`;
};

/** Returns the spans in the output of a service. */
export const spansIn = (log: string): Span[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith(MARK) && line.endsWith('}'))
    .map((line) => JSON.parse(line.slice(MARK.length)));

if (process.env.TEST_SPANS) {
  const exporter: SpanExporter = {
    export(spans, done) {
      process.stderr.write(spans.map(lineOf).join(''));
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  };
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
}
