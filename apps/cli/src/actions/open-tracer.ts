import { type OpenedSoFar, type Tracer } from '@mcp-runtime/base';

interface TracingChoice {
  readonly endpoint?: string | undefined;
  readonly ratio?: number | undefined;
}

const SERVICE_NAME = 'mcp-runtime-gateway';

/** Off, and nothing of it loaded, unless the settings or the variables of OpenTelemetry name where spans go. */
export async function openTracer(
  choice: TracingChoice | undefined,
  env: Readonly<Record<string, string | undefined>>,
  opened: OpenedSoFar,
): Promise<{ readonly tracer?: Tracer }> {
  const named = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const isOff = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none';
  if (isOff || (choice?.endpoint ?? named) === undefined) return {};
  const { openTracing } = await import('@mcp-runtime/base/tracing');
  const tracer = openTracing({ serviceName: SERVICE_NAME, env, ...choice });
  opened.add(() => tracer.close());
  return { tracer };
}
