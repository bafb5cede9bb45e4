import { AppError, HEADERS, MCP_LEGACY_VERSIONS } from '@mcp-runtime/api';
import { memberText } from '@mcp-runtime/mcp';
import { answeredSessionId } from '../../headers.ts';
import { type Upstream } from '../../upstream/port.ts';
import { ask } from '../ask.ts';
import { readServerMessages } from './server-message.ts';

/** What a legacy server said when a session began. Texts are JSON as the server spelled it. */
export interface Hello {
  readonly sessionId: string | undefined;
  readonly version: string;
  readonly serverInfo: string | undefined;
  readonly capabilities: string;
  readonly instructions: string | undefined;
}

interface HandshakeParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly target: URL;
  /** Those that every request of the session has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly capabilities: string;
  readonly clientInfo: string;
}

const OFFERED = '2025-11-25' satisfies (typeof MCP_LEGACY_VERSIONS)[number];
const LIMITS = { deadlineMs: 30_000, maxBytes: 1024 * 1024 };
const POSTED = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' } as const;

/** Opens a session (MCP 2025-11-25, "Lifecycle"). Rejects with `upstream_unavailable` or `upstream_timeout`. */
export async function shakeHands(parts: HandshakeParts): Promise<Hello> {
  const { upstream, target, headers, capabilities, clientInfo } = parts;
  const params = `{"protocolVersion":"${OFFERED}","capabilities":${capabilities},"clientInfo":${clientInfo}}`;
  const initialize = Buffer.from(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":${params}}`);
  const asked = await ask(
    upstream,
    target,
    { method: 'POST', headers: { ...headers, ...POSTED }, body: initialize },
    LIMITS,
  );
  const sessionId = answeredSessionId(asked.headers);
  const hello = helloIn(asked.text, sessionId === '' ? undefined : sessionId);
  if (hello === undefined) throw new AppError('upstream_unavailable', 'the MCP server did not open a session');
  const body = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  await ask(
    upstream,
    target,
    { method: 'POST', headers: { ...headers, ...POSTED, ...sessionHeaders(hello) }, body },
    LIMITS,
  );
  return hello;
}

function helloIn(text: string, sessionId: string | undefined): Hello | undefined {
  const answer = readServerMessages(text)?.find(({ kind }) => kind === 'response');
  const result = answer?.kind === 'response' ? memberText(answer.text, 'result') : undefined;
  if (result?.startsWith('{') !== true) return undefined;
  const version: unknown = JSON.parse(memberText(result, 'protocolVersion') ?? 'null');
  const known = MCP_LEGACY_VERSIONS.find((one) => one === version);
  if (known === undefined) return undefined;
  const capabilities = memberText(result, 'capabilities');
  return {
    sessionId,
    version: known,
    serverInfo: memberText(result, 'serverInfo'),
    capabilities: capabilities?.startsWith('{') === true ? capabilities : '{}',
    instructions: memberText(result, 'instructions'),
  };
}

/** The headers that a request of a session carries (MCP 2025-06-18, "Protocol Version Header"). */
export function sessionHeaders({ sessionId, version }: Hello): Readonly<Record<string, string>> {
  return {
    [HEADERS.mcpProtocolVersion.toLowerCase()]: version,
    ...(sessionId === undefined ? {} : { [HEADERS.mcpSessionId.toLowerCase()]: sessionId }),
  };
}
