import { type Clock, type HostPolicy, type Logger, type Tracer } from '@mcp-runtime/base';
import { type Bodies } from './bodies.ts';
import { type Ways } from './eras/ways.ts';
import { type ForwardPorts } from './forward.ts';
import { type Hops } from './identify/hops.ts';
import { type OauthVerifier } from './identify/oauth-verifier.ts';
import { type PossessionChecker } from './identify/possession.ts';
import { type TokenVerifier } from './identify/token-verifier.ts';
import { type Limiter } from './limits/limiter.ts';
import { type AuditSink } from './record/audit.ts';
import { type GatewayMetrics } from './record/metrics.ts';
import { type RefusalLog } from './record/refusals.ts';
import { type Route, type RouteTable } from './routes/route.ts';
import { type CredentialPorts } from './upstream-auth/credential.ts';

/** What a request is served with. */
export interface GatewayParts {
  /** `probes`: the runtime's own readiness check alone. */
  readonly serves: 'everybody' | 'probes';
  readonly routes: RouteTable;
  /** Under which clients reach this gateway; known once it listens. */
  readonly externalUrl: () => string;
  readonly tokens: TokenVerifier;
  readonly oauth: OauthVerifier;
  readonly possession: PossessionChecker;
  readonly hops: Hops;
  readonly hosts: HostPolicy;
  readonly audit: AuditSink;
  readonly refusals: RefusalLog;
  /** Without it nothing is traced. */
  readonly tracer: Tracer | undefined;
  readonly metrics: GatewayMetrics;
  readonly credentials: CredentialPorts;
  readonly clock: Clock;
  readonly log: Logger;
  /** The gateway ends: what is in progress may finish, and connections are not kept. */
  readonly isDraining: () => boolean;
  readonly bodies: Bodies;
  readonly limits: { readonly maxInFlight: number; readonly maxStreams: number };
  /** By who named the server's address. */
  readonly ways: Readonly<Record<NonNullable<Route['upstreamFrom']>, Ways>>;
  readonly limiter: Limiter;
  readonly forwarding: Omit<ForwardPorts, 'record' | 'ways'>;
}
