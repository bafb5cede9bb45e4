import { type Running } from './lifecycle.ts';

/** Headers of W3C Trace Context; `tracestate` is that of whoever began the trace. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** Of a closed set of names; never arguments, results or credentials. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** One request on its way through, as a span. */
export interface RequestSpan {
  readonly traceId: string;
  /** Begins the part in which the server is asked; what is sent there belongs under that part. */
  startUpstream(): TraceContext;
  /** Ends both. */
  end(outcome: 'ok' | 'error', attributes: SpanAttributes): void;
}

/** Where spans begin. Closing sends what waits. */
export interface Tracer extends Running {
  /** Continues the trace of the request, or begins one where it carries none that is valid. */
  startRequest(incoming: Readonly<Record<string, string | readonly string[] | undefined>>): RequestSpan;
}
