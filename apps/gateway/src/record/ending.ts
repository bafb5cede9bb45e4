import { AppError } from '@mcp-runtime/api';
import { type Exchange } from '../exchange.ts';
import { type GatewayParts } from '../parts.ts';
import { type Track } from '../routes/endpoints.ts';
import { endSpan } from './end-span.ts';
import { type Ending, eventOf } from './event.ts';
import { logEnding } from './log-ending.ts';

type EndingPorts = Pick<GatewayParts, 'audit' | 'metrics' | 'log'>;

/** Tells of a call that has ended: in metrics, log, trace and audit. Rejects only where the server asks that nothing goes unrecorded. */
export async function recordEnding(exchange: Exchange, ending: Ending, parts: EndingPorts): Promise<void> {
  const event = eventOf(exchange, ending, parts.audit.redact);
  parts.metrics.count(event);
  if (exchange.endpoint !== undefined && exchange.caller.source !== 'probe') countOn(exchange.endpoint.track, ending);
  logEnding(event.payload, parts.log);
  if (exchange.span !== undefined) endSpan(exchange.span, event.payload);
  try {
    await parts.audit.append(event);
  } catch (cause) {
    parts.metrics.lostRecords.inc();
    parts.log.error('a record could not be written', { requestId: exchange.requestId, error: String(cause) });
    if (exchange.route.audit.strict)
      throw new AppError('audit_unavailable', 'the call could not be recorded', { cause });
  }
}

function countOn(track: Track, { status, outcome }: Ending): void {
  if (outcome === 'refused') return;
  track.requests += 1;
  if (outcome === 'upstream_error' || status >= 500) track.errors += 1;
  else if (outcome === 'rpc_error' || outcome === 'tool_error') track.failures += 1;
}
