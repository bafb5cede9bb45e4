import { existsSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Child, freePort, startChild, startForeign, startServed } from './child.ts';
import { type GatewaySetup, type Payload } from './protocol.ts';
import { type LoadShape, type Pace, type Target, measureInTurns, runOnce } from './rounds.ts';
import { type Row } from './rows.ts';
import { PATH, anIssuer } from './subject.ts';

export const BRIDGE = 'our bridge';

const json = (requestBytes: number, bytes: number): Payload => ({ requestBytes, answer: { kind: 'json', bytes } });
const SHAPES: readonly LoadShape[] = [
  { name: '1 KiB, 1 connection', connections: 1, payload: json(1024, 1024), inSession: true },
  { name: '1 KiB, 32 connections', connections: 32, payload: json(1024, 1024), inSession: true },
  { name: '10 KiB result, 32 connections', connections: 32, payload: json(100, 10_240), inSession: true },
];

const peersDir = fileURLToPath(new URL('../peers', import.meta.url));
const Manifest = z.object({ dependencies: z.object({ 'mcp-proxy': z.string(), supergateway: z.string() }) });
const MCP_PROXY = join(peersDir, 'node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs');
const SUPERGATEWAY = join(peersDir, 'node_modules/supergateway/dist/index.js');

/**
 * Published proxies beside ours. What both of them can do is to speak HTTP for a server on standard input and output, so
 * that is what is compared: one session, one server process, the processor time of the proxy alone. Nothing where they
 * cannot be installed.
 */
export async function measurePeers(pace: Pace, say: (line: string) => void): Promise<readonly Row[]> {
  if (!installPeers(say)) return [];
  const manifest: unknown = JSON.parse(readFileSync(join(peersDir, 'package.json'), 'utf8'));
  const { dependencies: versions } = Manifest.parse(manifest);
  await using cleanUp = new AsyncDisposableStack();
  const spool = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(spool, { recursive: true, force: true }));
  const { publicKey, tokenFor } = anIssuer();
  const command = [process.execPath, fileURLToPath(new URL('../stdio/main.ts', import.meta.url))];
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const bridge = cleanUp.use(await startServed(new URL('../bridge/main.ts', import.meta.url), { command }, 'other'));
  const setup: GatewaySetup = { upstream: bridge.url, policy: 'large', audit: 'spool', spool, publicKey };
  const gateway = cleanUp.use(await startServed(new URL('../gateway/main.ts', import.meta.url), setup));
  const mcpProxy = cleanUp.use(await startMcpProxy(command));
  const supergateway = cleanUp.use(await startSupergateway(command));
  const plain = (name: string, child: Child): Target => ({
    name,
    processes: [child],
    url: `${child.url}/mcp`,
    token: '',
  });
  const targets: readonly Target[] = [
    plain(BRIDGE, bridge),
    {
      name: 'our gateway and bridge',
      processes: [gateway, bridge],
      url: gateway.url + PATH,
      token: tokenFor('alice', 0),
    },
    plain(`supergateway ${versions.supergateway}`, supergateway),
    plain(`mcp-proxy ${versions['mcp-proxy']}`, mcpProxy),
  ];
  const [warmUp] = SHAPES;
  for (const target of targets) if (warmUp !== undefined) await runOnce(load, target, warmUp, 1);
  return await measureInTurns('peers', { load, targets, shapes: SHAPES, pace, say });
}

async function startMcpProxy(command: readonly string[]): Promise<Child> {
  const port = await freePort();
  const settings = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream', '--endpoint', '/mcp'];
  return startForeign(MCP_PROXY, [...settings, '--no-eventStore', '--', ...command], port);
}

async function startSupergateway(command: readonly string[]): Promise<Child> {
  const port = await freePort();
  const output = ['--outputTransport', 'streamableHttp', '--stateful', '--port', String(port), '--logLevel', 'none'];
  return startForeign(SUPERGATEWAY, ['--stdio', command.join(' '), ...output], port);
}

/** At exact versions with a lockfile of their own, since they are no part of the project. */
function installPeers(say: (line: string) => void): boolean {
  if (existsSync(MCP_PROXY) && existsSync(SUPERGATEWAY)) return true;
  say('installing mcp-proxy and supergateway');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: peersDir });
  if (status !== 0) say('peers: skipped, since they cannot be installed');
  return status === 0;
}
