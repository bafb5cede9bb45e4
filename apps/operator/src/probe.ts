import { setTimeout as delay } from 'node:timers/promises';
import { AppError, HEADERS, type ObjectKey } from '@mcp-runtime/api';
import { isRecord, signalAfter } from '@mcp-runtime/base';
import { Client, type FetchLike, SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { askDefinitions } from './definitions.ts';
import { everyPage } from './every-page.ts';
import { type Handshake, type HandshakeTool, type Probe } from './ports.ts';

const TIMEOUT_MS = 20_000;
const PARTING_MS = 500;

interface ProbeSettings {
  readonly version: string;
  /** A token that lets the bearer look at this server and nothing else. */
  readonly token: (key: ObjectKey) => Promise<string>;
  /** How a server at an https URL is reached; as usual unless given. */
  readonly fetchFor?: (key: ObjectKey) => Promise<FetchLike>;
}

/** A probe that is an ordinary MCP client: what it sees is what clients get. */
export function createProbe({ version, token, fetchFor }: ProbeSettings): Probe {
  return async (key, url, { signal, track, look = 'tools' }) => {
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
      const handshake = await shakeHands(client, transport, bounded);
      if (look === 'tools') return handshake;
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

async function shakeHands(
  client: Client,
  transport: StreamableHTTPClientTransport,
  signal: AbortSignal,
): Promise<Handshake> {
  const { name = '', version = '' } = client.getServerVersion() ?? {};
  const tools = client.getServerCapabilities()?.tools === undefined ? [] : await allTools(client, signal);
  return { protocolVersion: transport.protocolVersion ?? '', serverInfo: { name, version }, tools };
}

async function allTools(client: Client, signal: AbortSignal): Promise<readonly HandshakeTool[]> {
  const found: HandshakeTool[] = [];
  await everyPage(async (params) => {
    const { tools, nextCursor } = await client.listTools(params, { signal });
    for (const { name, description, annotations, inputSchema } of tools) {
      found.push({ name, description, annotations: annotations ?? {}, inputSchema });
    }
    return nextCursor;
  });
  return found;
}

/** One line. The same fault gives the same line each time, so that the status of a server changes only when its state does. */
function reasonOf(cause: unknown): string {
  const message = toldOverHttp(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return message.split('\n', 1)[0]?.slice(0, 300) ?? '';
}

/** The message of a JSON-RPC error in the body of a refusal; the rest of the body names the request and is new each time. */
function toldOverHttp(cause: unknown): string | undefined {
  if (!(cause instanceof SdkHttpError) || typeof cause.data.text !== 'string') return undefined;
  const body = parseJson(cause.data.text);
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {};
  return typeof error['message'] === 'string' ? error['message'] : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
