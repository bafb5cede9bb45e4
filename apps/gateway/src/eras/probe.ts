import { AppError, HEADERS, MCP_LEGACY_VERSIONS, MCP_MODERN_VERSIONS } from '@mcp-runtime/api';
import { META_KEYS } from '@mcp-runtime/mcp';
import { z } from 'zod';
import { answeredSessionId } from '../headers.ts';
import { type Upstream } from '../upstream/port.ts';
import { type Asked, ask } from './ask.ts';
import { type Spoken } from './spoken.ts';

export interface ProbePorts {
  readonly upstream: Pick<Upstream, 'send'>;
  /** Whether a GET of that URL opens a stream of the HTTP+SSE transport (MCP 2024-11-05). */
  readonly isHttpSse: (target: URL, headers: Readonly<Record<string, string>>) => Promise<boolean>;
}

/** Who asks: a name that servers may show and tests can tell apart. */
export const PROBE_CLIENT = { name: 'mcp-runtime-gateway', version: '1' } as const;

const LIMITS = { deadlineMs: 10_000, maxBytes: 1024 * 1024 };
const [MODERN] = MCP_MODERN_VERSIONS;
const NEWEST_LEGACY = MCP_LEGACY_VERSIONS[MCP_LEGACY_VERSIONS.length - 1] ?? '2025-11-25';

const Discovered = z.object({ result: z.object({ supportedVersions: z.array(z.string()) }) });
const Unsupported = z.object({
  error: z.object({ code: z.literal(-32022), data: z.object({ supported: z.array(z.string()) }) }),
});
const Initialized = z.object({ result: z.object({ protocolVersion: z.string() }) });

/**
 * Asks a server which eras it speaks, in the order that clients of both use (MCP 2026-07-28, "Versioning"): `server/discover`
 * first, and `initialize` where that does not settle it. Neither changes anything at the server but for a session, which is
 * ended again. `headers` are the server's own, such as the credential that it asks for.
 * Rejects with `upstream_unavailable` or `upstream_timeout` when the answers say nothing about eras.
 */
export async function probe(
  target: URL,
  headers: Readonly<Record<string, string>>,
  ports: ProbePorts,
): Promise<Spoken> {
  const discovered = await ask(ports.upstream, target, discoverRequest(headers), LIMITS);
  refuseIfUnwelcome(discovered);
  const versions = versionsIn(discovered);
  const modern = versions.includes(MODERN);
  if (modern && hasLegacy(versions)) return { modern, legacy: 'streamable-http' };
  const initialized = await ask(ports.upstream, target, initializeRequest(headers), LIMITS);
  if (!modern) refuseIfUnwelcome(initialized);
  const version = parse(Initialized, initialized)?.result.protocolVersion;
  if (version !== undefined && hasLegacy([version])) {
    endSession(target, headers, initialized, ports);
    return { modern, legacy: 'streamable-http' };
  }
  if (!modern && NOT_HERE.has(initialized.status) && (await ports.isHttpSse(target, headers))) {
    return { modern, legacy: 'http-sse' };
  }
  const isBroken = discovered.status >= 500 && initialized.status >= 500;
  if (isBroken) throw new AppError('upstream_unavailable', 'the MCP server answers with faults only');
  return { modern, legacy: 'none' };
}

/** What a POST to an endpoint of HTTP+SSE gets (MCP 2025-11-25, "Backwards compatibility"). */
const NOT_HERE: ReadonlySet<number> = new Set([400, 404, 405]);

/** A server that wants another credential says nothing about eras. */
function refuseIfUnwelcome({ status }: Asked): void {
  if (status !== 401 && status !== 403 && status !== 407) return;
  throw new AppError('upstream_unavailable', 'the MCP server refused the gateway');
}

function versionsIn(asked: Asked): readonly string[] {
  const discovered = parse(Discovered, asked)?.result.supportedVersions;
  return discovered ?? parse(Unsupported, asked)?.error.data.supported ?? [];
}

function hasLegacy(versions: readonly string[]): boolean {
  const legacy: readonly string[] = MCP_LEGACY_VERSIONS;
  return versions.some((version) => legacy.includes(version));
}

function parse<T>(schema: z.ZodType<T>, { text }: Asked): T | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const POSTED = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
} as const;

type ProbeRequest = Parameters<typeof ask>[2];

function discoverRequest(headers: Readonly<Record<string, string>>): ProbeRequest {
  const _meta = {
    [META_KEYS.protocolVersion]: MODERN,
    [META_KEYS.clientInfo]: PROBE_CLIENT,
    [META_KEYS.clientCapabilities]: {},
  };
  return postOf(
    'server/discover',
    { _meta },
    { ...headers, [VERSION_HEADER]: MODERN, [METHOD_HEADER]: 'server/discover' },
  );
}

function initializeRequest(headers: Readonly<Record<string, string>>): ProbeRequest {
  const params = { protocolVersion: NEWEST_LEGACY, capabilities: {}, clientInfo: PROBE_CLIENT };
  return postOf('initialize', params, headers);
}

const VERSION_HEADER = HEADERS.mcpProtocolVersion.toLowerCase();
const METHOD_HEADER = HEADERS.mcpMethod.toLowerCase();
const SESSION_HEADER = HEADERS.mcpSessionId.toLowerCase();

function postOf(method: string, params: object, headers: Readonly<Record<string, string>>): ProbeRequest {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  return { method: 'POST', headers: { ...headers, ...POSTED }, body };
}

/** Best effort: a session that is left behind runs out by itself. */
function endSession(
  target: URL,
  headers: Readonly<Record<string, string>>,
  initialized: Asked,
  { upstream }: ProbePorts,
): void {
  const sessionId = answeredSessionId(initialized.headers);
  if (sessionId === '') return;
  const ended = { ...headers, [SESSION_HEADER]: sessionId, [VERSION_HEADER]: NEWEST_LEGACY };
  ask(upstream, target, { method: 'DELETE', headers: ended, body: null }, LIMITS).catch(() => {});
}
