import { type Clock, type ListenAddress, type Logger, type Running, type Tracer } from '@mcp-runtime/base';
import { type BridgeLimits } from './eras/legacy-to-modern/bridge.ts';
import { type PooledLimits } from './eras/modern-to-legacy/bridge.ts';
import { type TokenKeySource } from './identify/token-keys.ts';
import { type AuditSink } from './record/audit.ts';
import { type PolicySourceState } from './record/gauges.ts';
import { type RouteTable } from './routes/route.ts';
import { type ReadSecret } from './secrets.ts';
import { type TlsOptions } from './tls/open-tls.ts';
import { type ConnectRules } from './upstream/connection.ts';

export interface GatewayLimits {
  readonly maxBodyBytes: number;
  /** Requests in progress at once. */
  readonly maxInFlight: number;
  /** Streams without an end of their own at once: those of legacy sessions, and subscriptions. */
  readonly maxStreams: number;
  /** Longest silence of a server while a request waits, milliseconds. */
  readonly answerTimeoutMs: number;
  /** Longest silence of a server on an event stream, milliseconds; 0 is no limit. */
  readonly streamTimeoutMs: number;
  /** How long a call goes on whose legacy caller went away, which does not cancel it, milliseconds; 0 is no limit. */
  readonly abandonedTimeoutMs: number;
  /** After how much silence the caller of an event stream gets a comment, milliseconds; 0 is never. */
  readonly keepAliveMs: number;
  /** Time for a client to send its head and body, milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long a call waits for a server that sleeps, milliseconds. */
  readonly wakeTimeoutMs: number;
  /** Calls that wait for one such server at once. */
  readonly maxWaking: number;
  /** Time for a TLS handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** TLS handshakes in progress at once. */
  readonly maxHandshakes: number;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxBodyBytes: 4 * 1024 * 1024,
  maxInFlight: 2048,
  maxStreams: 12_000,
  answerTimeoutMs: 300_000,
  streamTimeoutMs: 0,
  abandonedTimeoutMs: 300_000,
  keepAliveMs: 15_000,
  requestTimeoutMs: 30_000,
  wakeTimeoutMs: 60_000,
  maxWaking: 512,
  handshakeTimeoutMs: 10_000,
  maxHandshakes: 1024,
};

export interface GatewayOptions {
  readonly listen: ListenAddress;
  /** For `listen`, which speaks plain HTTP without it; `adminListen` always does. */
  readonly tls?: TlsOptions;
  /** Where probes and metrics are served; beside the routes unless given. */
  readonly adminListen?: ListenAddress;
  /** Where the runtime's own readiness check calls, over plain HTTP; at `listen` unless given. Nobody else is served there. */
  readonly probeListen?: ListenAddress;
  /**
   * Under which clients reach the gateway, such as `https://mcp.example.com`: with the path of a route it is the name of
   * that endpoint towards OAuth issuers. The URL of `listen` unless given.
   */
  readonly externalUrl?: string;
  /** Source ranges whose identity headers are believed. */
  readonly trustHeadersFrom: readonly string[];
  /** A plain listener that only the hop in front can reach: identity headers that come to it are believed. */
  readonly trustedListen?: ListenAddress;
  /**
   * SPIFFE id of the proxy in front, by its client certificate: its identity headers are believed, and for servers in mode
   * `mtls` it alone is, with the identity that it verified.
   */
  readonly trustedProxy?: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Public keys of who issues session tokens. */
  readonly tokenKeys: TokenKeySource;
  /** Values that policies name; there are none unless given. */
  readonly readSecret?: ReadSecret;
  /**
   * Keys that ids of MCP sessions and tasks are sealed with, 32 bytes each: the first seals, all open. One for the life of
   * the process unless given; replicas that share them serve each other's sessions.
   */
  readonly sessionKeys?: readonly Buffer[];
  /** Where servers may be that their owners name (`Route.upstreamFrom`): on the internet unless given. */
  readonly remoteServers?: ConnectRules;
  readonly audit: AuditSink;
  readonly limits: GatewayLimits;
  /** When it closes, calls in progress may go on for so long, milliseconds; they end at once unless given. */
  readonly drainMs?: number;
  /** For legacy clients at servers of MCP 2026-07-28. */
  readonly bridgeLimits?: Partial<BridgeLimits>;
  /** Of sessions at legacy servers that are kept for callers of MCP 2026-07-28, and of their calls that wait. */
  readonly pooledLimits?: PooledLimits;
  /** Nothing is traced unless given. */
  readonly tracer?: Tracer;
  /** Where routes and policies come from, when that is something which can be away. */
  readonly policySource?: { readonly state: () => PolicySourceState; readonly hasSynced: () => boolean };
  readonly clock: Clock;
  readonly log: Logger;
  /** More for `/config/status`. */
  readonly status?: () => Readonly<Record<string, unknown>>;
}

export interface Gateway extends Running {
  /** Such as `http://127.0.0.1:7400`. */
  readonly url: string;
  readonly adminUrl: string;
  readonly probeUrl: string;
  /** Of `trustedListen`. */
  readonly trustedUrl: string | undefined;
  readonly routes: RouteTable;
  /**
   * Puts other settings to use, for the next request. What is in progress goes on as it began.
   * @throws AppError `invalid_config` for a session key that is none; then nothing changes.
   */
  reload(settings: Reloadable): void;
}

/** What can change while connections are open. */
export interface Reloadable {
  readonly sessionKeys?: readonly Buffer[];
  readonly limits: GatewayLimits;
}
