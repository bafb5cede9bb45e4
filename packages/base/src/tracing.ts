import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { closeOnce } from './lifecycle.ts';
import { type RequestSpan, type TraceContext, type Tracer } from './trace.ts';

interface TracingOptions {
  readonly serviceName: string;
  /** Where spans go, such as `http://127.0.0.1:4318/v1/traces`; what the OTEL_EXPORTER_OTLP_* variables say unless given. */
  readonly endpoint?: string | undefined;
  /** Share of the traces that begin here; what the OTEL_TRACES_SAMPLER* variables say unless given. */
  readonly ratio?: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const FLUSH_MS = 2000;

/** Spans by OTLP over HTTP, in batches. A collector that is gone costs spans, and nothing else. */
export function openTracing({ serviceName, endpoint, ratio, env }: TracingOptions): Tracer {
  const exporter = new OTLPTraceExporter(endpoint === undefined ? {} : { url: endpoint });
  const named = resourceFromAttributes({ 'service.name': serviceName });
  const provider = new TracerProvider({
    resource: named.merge(detectResources({ detectors: [envDetector] })),
    sampler:
      ratio === undefined ? samplerOf(env) : new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('mcp-runtime');
  return {
    startRequest: (incoming) => {
      const { traceparent, tracestate } = incoming;
      const parent = parentOf(traceparent);
      const span = tracer.startSpan('mcp request', { kind: SpanKind.SERVER }, parent ?? ROOT_CONTEXT);
      // The state belongs to the trace that is continued.
      const state = parent === undefined || typeof tracestate !== 'string' ? undefined : tracestate;
      return requestSpan(span, state, (context) =>
        tracer.startSpan('mcp upstream', { kind: SpanKind.CLIENT }, context),
      );
    },
    ...closeOnce(() => provider.forceFlush({ timeoutMillis: FLUSH_MS }).catch(() => {})),
  };
}

function requestSpan(span: Span, tracestate: string | undefined, startChild: (under: Context) => Span): RequestSpan {
  let upstream: Span | undefined;
  return {
    traceId: span.spanContext().traceId,
    startUpstream: (): TraceContext => {
      upstream = startChild(trace.setSpan(ROOT_CONTEXT, span));
      const { traceId, spanId, traceFlags } = upstream.spanContext();
      return { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`, tracestate };
    },
    end: (outcome, attributes) => {
      upstream?.end();
      span.setAttributes(attributes);
      if (outcome === 'error') span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** W3C Trace Context §3.2. Nothing for what is not valid: then the trace begins here. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

function parentOf(traceparent: unknown): Context | undefined {
  const [, traceId, spanId, flags] = typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent) ?? []) : [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & 1;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** OTEL_TRACES_SAMPLER of the OpenTelemetry specification; `parentbased_always_on` unless it says otherwise. */
function samplerOf(env: TracingOptions['env']): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on';
  const share = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1);
  const root = rootSampler(name.replace('parentbased_', ''), share >= 0 && share <= 1 ? share : 1);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, share: number): Sampler {
  if (name === 'always_off') return new AlwaysOffSampler();
  if (name === 'traceidratio') return new TraceIdRatioBasedSampler(share);
  return new AlwaysOnSampler();
}
