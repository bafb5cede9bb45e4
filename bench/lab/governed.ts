import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESSION_TOKEN_ISSUER } from '@mcp-runtime/api';
import { listenOn } from '@mcp-runtime/base';
import { type Child, freePort, startChild } from './child.ts';
import { startNative } from './native.ts';
import { startOneGateway } from './one-gateway.ts';
import { type Payload } from './protocol.ts';
import { type LoadShape, type Pace, type Target, measureInTurns, runOnce } from './rounds.ts';
import { type Row } from './rows.ts';
import { SERVER } from './subject.ts';
import { toolOf } from './texts.ts';

export const GOVERNED_MEASURE = 'plain pass-through';

const json = (requestBytes: number, bytes: number): Payload => ({ requestBytes, answer: { kind: 'json', bytes } });
const SHAPES: readonly LoadShape[] = [
  { name: '1 KiB, 1 connection', connections: 1, payload: json(1024, 1024), inSession: true },
  { name: '1 KiB, 32 connections', connections: 32, payload: json(1024, 1024), inSession: true },
  { name: '100 B, 32 connections', connections: 32, payload: json(100, 100), inSession: true },
  { name: '10 KiB result, 32 connections', connections: 32, payload: json(100, 10_240), inSession: true },
];
export const OURS = 'our gateway';
export const PEER = 'mcp-proxy (Rust)';
const WARM_UP_SECONDS = 4;

/**
 * A published proxy that governs, of another language, beside the pass-through and our whole gateway: the same server behind
 * them, one session, tokens of one issuer. The Rust `mcp-proxy` checks it (its keys over HTTP), gives a role its tools, counts, and
 * writes an audit line to its log. `program` is that proxy, which the benchmark does not build.
 */
export async function measureGoverned(
  program: string,
  pace: Pace,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  await using cleanUp = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(dir, { recursive: true, force: true }));
  const { upstream, load, target, issuer } = await startOneGateway(cleanUp, OURS);
  const { publicKey, tokenFor } = issuer;
  const plain = cleanUp.use(await startChild(new URL('../plain/main.ts', import.meta.url), { upstream: upstream.url }));
  const keys = cleanUp.use(await serveKeys(publicKey));
  const peer = cleanUp.use(await startPeer(program, { dir, upstream: upstream.url, keys: keys.url }));
  const targets: readonly Target[] = [
    { name: GOVERNED_MEASURE, processes: [plain], url: `${plain.url}/mcp`, token: target.token },
    target,
    {
      name: PEER,
      processes: [peer],
      url: `${peer.url}/`,
      token: tokenFor('alice', 0, peer.url),
      toolPrefix: `${SERVER.name}/`,
    },
  ];
  const [, warmUp] = SHAPES;
  for (const one of targets) if (warmUp !== undefined) await runOnce(load, one, warmUp, WARM_UP_SECONDS);
  return await measureInTurns('governed', { load, targets, shapes: SHAPES, pace, say });
}

interface Given {
  readonly dir: string;
  readonly upstream: string;
  readonly keys: string;
}

async function startPeer(program: string, { dir, upstream, keys }: Given): Promise<Child> {
  const port = await freePort();
  const tools = SHAPES.map(({ payload }) => toolOf(payload));
  const config = join(dir, 'proxy.toml');
  await writeFile(
    config,
    `[proxy]
name = "bench"
separator = "/"
[proxy.listen]
host = "127.0.0.1"
port = ${port}
[[backends]]
name = "${SERVER.name}"
transport = "http"
url = "${upstream}/mcp"
[auth]
type = "jwt"
issuer = "${SESSION_TOKEN_ISSUER}"
audience = "http://127.0.0.1:${port}"
jwks_uri = "${keys}"
[[auth.roles]]
name = "reader"
allow_tools = ${JSON.stringify([...new Set(tools)].map((tool) => `${SERVER.name}/${tool}`))}
[auth.role_mapping]
claim = "sub"
mapping = { alice = "reader" }
[security]
admin_token = "bench"
[observability]
audit = true
json_logs = true
[observability.metrics]
enabled = true
`,
  );
  return startNative(program, ['--config', config], port);
}

async function serveKeys(key: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [{ ...key, use: 'sig' }] }));
  });
  return {
    url: `http://127.0.0.1:${await listenOn(server)}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
