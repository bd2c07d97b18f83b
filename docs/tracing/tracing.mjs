/**
 * Exports spans over OTLP/HTTP to OTEL_EXPORTER_OTLP_ENDPOINT as the service OTEL_SERVICE_NAME. Node.js loads it before the
 * service.
 */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())];
new NodeTracerProvider({ resource: detectResources({ detectors: [envDetector] }), spanProcessors }).register();
