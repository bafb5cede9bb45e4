import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild, startServed } from './child.ts';
import { type GatewaySetup } from './protocol.ts';
import { type Target } from './rounds.ts';
import { type Issuer, PATH, anIssuer } from './subject.ts';

interface OneGateway {
  readonly upstream: Child;
  readonly load: Child;
  readonly gateway: Child;
  readonly target: Target;
  readonly issuer: Issuer;
}

/** A load generator, one gateway with the large policy and a spool, and the server behind it; `cleanUp` ends them. */
export async function startOneGateway(cleanUp: AsyncDisposableStack, name: string): Promise<OneGateway> {
  const spool = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(spool, { recursive: true, force: true }));
  const issuer = anIssuer();
  const { publicKey, tokenFor } = issuer;
  const upstream = cleanUp.use(await startChild(new URL('../upstream/main.ts', import.meta.url), null));
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const setup: GatewaySetup = { upstream: upstream.url, policy: 'large', audit: 'spool', spool, publicKey };
  const gateway = cleanUp.use(await startServed(new URL('../gateway/main.ts', import.meta.url), setup));
  const target: Target = { name, processes: [gateway], url: gateway.url + PATH, token: tokenFor('alice', 0) };
  return { upstream, load, gateway, target, issuer };
}
