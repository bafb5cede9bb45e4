import { type Clock, type Logger, type OpenedSoFar } from '@mcp-runtime/base';
import { type SealKeys, createSeal } from '../seal/seal.ts';
import { type ConnectRules } from '../upstream/connection.ts';
import { type ConnectionCounts, createHttpUpstream } from '../upstream/http.ts';
import { isHttpSse } from './http-sse/detect.ts';
import { createHttpSse } from './http-sse/http-sse.ts';
import { legacyServers } from './http-sse/legacy-servers.ts';
import { type BridgeLimits, createLegacyToModern } from './legacy-to-modern/bridge.ts';
import { type PooledLimits, createModernToLegacy } from './modern-to-legacy/bridge.ts';
import { createUpstreamEras } from './upstream-eras.ts';
import { type Ways, createWays } from './ways.ts';

interface WaysOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** What callers hold for the bridges is sealed with these. */
  readonly sealKeys: SealKeys;
  /** For callers of MCP 2026-07-28 at legacy servers. */
  readonly pooledLimits: PooledLimits;
  /** For legacy clients at servers of MCP 2026-07-28. */
  readonly bridgeLimits: Partial<BridgeLimits>;
  /** For every connection of these ways: there is no other client behind them. */
  readonly connect: ConnectRules;
}

interface OpenWays extends Ways {
  connections(): ConnectionCounts;
}

/** Ways to servers, with connections of their own. */
export function openWays(
  { clock, log, sealKeys, bridgeLimits, pooledLimits, connect }: WaysOptions,
  opened: OpenedSoFar,
): OpenWays {
  const upstream = createHttpUpstream(clock, connect);
  opened.add(() => upstream.close());
  const eras = createUpstreamEras(
    { upstream, isHttpSse: (target, headers) => isHttpSse(upstream, target, headers) },
    clock,
  );
  const httpSse = createHttpSse({ upstream, clock, log });
  const modernToLegacy = createModernToLegacy({
    upstream: legacyServers({ upstream, httpSse, eras }),
    seal: createSeal(sealKeys),
    clock,
    limits: pooledLimits,
  });
  const legacyToModern = createLegacyToModern({ upstream, clock, log, limits: bridgeLimits });
  const ways = createWays({ upstream, eras, bridges: { modernToLegacy, legacyToModern, httpSse } });
  opened.add(() => ways.close());
  return { ...ways, connections: () => upstream.connections() };
}
