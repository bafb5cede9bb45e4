import { setTimeout as delay } from 'node:timers/promises';
import { AppError, HEADERS, type ObjectKey } from '@mcp-runtime/api';
import { signalAfter } from '@mcp-runtime/base';
import { Client, type FetchLike, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { askDefinitions } from './definitions.ts';
import { type Handshake, type HandshakeTool, type Probe } from './ports.ts';

const TIMEOUT_MS = 20_000;
const PARTING_MS = 500;
const MAX_PAGES = 100;

interface ProbeOptions {
  readonly version: string;
  /** A token that lets the bearer look at this server and nothing else. */
  readonly token: (key: ObjectKey) => Promise<string>;
  /** How a server at an https URL is reached; as usual unless given. */
  readonly fetchFor?: (key: ObjectKey) => Promise<FetchLike>;
}

/** A probe that is an ordinary MCP client: what it sees is what clients get. */
export function createProbe({ version, token, fetchFor }: ProbeOptions): Probe {
  return async (key, url, signal, track, asked = 'tools') => {
    const bounded = signalAfter(TIMEOUT_MS, signal);
    const headers = {
      authorization: `Bearer ${await token(key)}`,
      ...(track === undefined ? {} : { [HEADERS.rolloutTrack]: track }),
    };
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers },
      ...(fetchFor === undefined || !url.startsWith('https:') ? {} : { fetch: await fetchFor(key) }),
    });
    const client = new Client({ name: 'mcp-runtime-probe', version });
    try {
      await client.connect(transport, { timeout: TIMEOUT_MS, signal: bounded });
      const handshake = await look(client, transport, bounded);
      if (asked === 'tools') return handshake;
      return { ...handshake, definitions: await askDefinitions(client, bounded) };
    } catch (cause) {
      throw new AppError('upstream_unavailable', `the handshake failed: ${reasonOf(cause)}`, { cause });
    } finally {
      // A server that answers nothing does not answer this either.
      const patience = delay(PARTING_MS, undefined, { ref: false });
      await Promise.race([transport.terminateSession().catch(() => {}), patience]);
      await client.close().catch(() => {});
    }
  };
}

async function look(client: Client, transport: StreamableHTTPClientTransport, signal: AbortSignal): Promise<Handshake> {
  const { name = '', version = '' } = client.getServerVersion() ?? {};
  const tools = client.getServerCapabilities()?.tools === undefined ? [] : await allTools(client, signal);
  return { protocolVersion: transport.protocolVersion ?? '', serverInfo: { name, version }, tools };
}

async function allTools(client: Client, signal: AbortSignal): Promise<readonly HandshakeTool[]> {
  const found: HandshakeTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const listed = await client.listTools(cursor === undefined ? {} : { cursor }, { signal });
    for (const { name, description, annotations, inputSchema } of listed.tools) {
      found.push({ name, description, annotations: annotations ?? {}, inputSchema });
    }
    cursor = listed.nextCursor;
    if (cursor === undefined) return found;
  }
  return found;
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split('\n', 1)[0]?.slice(0, 300) ?? '';
}
