/** Sends spans by OTLP over HTTP, to OTEL_EXPORTER_OTLP_ENDPOINT, under the name OTEL_SERVICE_NAME. Loaded before the service. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())];
new NodeTracerProvider({ resource: detectResources({ detectors: [envDetector] }), spanProcessors }).register();
