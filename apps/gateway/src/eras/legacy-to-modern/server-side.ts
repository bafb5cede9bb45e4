import { AppError, HEADERS } from '@mcp-runtime/api';
import { encodeMirrored } from '@mcp-runtime/mcp';
import { type Upstream } from '../../upstream/port.ts';
import { type Passage } from '../passage.ts';
import { type ModernAnswer, readAnswer } from './answer.ts';
import { converse } from './converse.ts';
import { type Envelope, MODERN_VERSION, requestOf } from './envelope.ts';

const LAST_EVENT_ID = HEADERS.lastEventId.toLowerCase();

/** The headers of one request to a server of MCP 2026-07-28. `given` are those of the legacy request that caused it. */
export function modernHeaders(
  given: Readonly<Record<string, string>>,
  method: string,
  name?: string,
): Record<string, string> {
  const kept = Object.entries(given).filter(([header]) => !header.startsWith('mcp-') && header !== LAST_EVENT_ID);
  return {
    ...Object.fromEntries(kept),
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    [HEADERS.mcpProtocolVersion.toLowerCase()]: MODERN_VERSION,
    [HEADERS.mcpMethod.toLowerCase()]: method,
    ...(name === undefined ? {} : { [HEADERS.mcpName.toLowerCase()]: encodeMirrored(name) }),
  };
}

interface OwnRequest {
  readonly method: string;
  readonly params: object;
  readonly envelope: Envelope;
  readonly signal: AbortSignal;
}

interface OwnPorts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly maxMessageBytes: number;
}

const OWN_TIMEOUT_MS = 30_000;
const OWN_ID = 'gateway';

/** Asks a server something on behalf of a client, once and without its knowledge. Rejects with an AppError. */
export async function askServer(
  { target, request }: Passage,
  { method, params, envelope, signal }: OwnRequest,
  { upstream, maxMessageBytes }: OwnPorts,
): Promise<ModernAnswer> {
  const body = Buffer.from(requestOf(OWN_ID, method, params, envelope));
  const headers = modernHeaders(request.headers, method);
  const posted = { method: 'POST', headers, body, idleTimeoutMs: OWN_TIMEOUT_MS } as const;
  const unheard = { onMessage: () => {}, onFlow: () => {} };
  const bytes = await converse(upstream, { target, request: posted, signal, maxBytes: maxMessageBytes }, unheard);
  return readAnswer(bytes, OWN_ID);
}

export function unreadable(): AppError {
  return new AppError('upstream_unavailable', 'the MCP server sent an answer that cannot be read');
}
