import { type ObjectKey, type PolicyDocument, type ServerDefinitions } from '@mcp-runtime/api';
import { type HostServer, type HostState } from './host/index.ts';

/** What runs servers. The host infrastructure is one. */
export interface Infrastructure {
  ensure(server: HostServer): void;
  remove(key: ObjectKey): Promise<void>;
  state(key: ObjectKey): HostState | undefined;
}

/** A governed server as gateways need to know it. */
export interface PublishedRoute {
  readonly key: ObjectKey;
  /** Path on the gateway. */
  readonly path: string;
  /** Undefined while the server does not answer: calls are refused as unavailable. */
  readonly upstreamUrl: string | undefined;
  /** Who named that URL: the runtime, which runs the server there, or the owner of the server. */
  readonly upstreamFrom: 'operator' | 'owner';
  readonly audit: { readonly arguments: 'none' | 'redacted'; readonly strict: boolean };
  readonly eventSource: string;
}

/** How routes and policies reach gateways. Both calls take effect before they return. */
export interface GatewayPublisher {
  publishRoute(route: PublishedRoute): void;
  removeRoute(path: string): void;
  publishPolicy(key: ObjectKey, document: PolicyDocument): void;
  removePolicy(key: ObjectKey): void;
  /** The governed URL of a path. */
  urlOf(path: string): string;
}

/** What a handshake through the gateway found. */
export interface Handshake {
  readonly protocolVersion: string;
  readonly serverInfo: { readonly name: string; readonly version: string };
  readonly tools: readonly HandshakeTool[];
  /** What it told of itself, where that was asked for. */
  readonly definitions?: ServerDefinitions;
}

export interface HandshakeTool {
  readonly name: string;
  readonly description: string | undefined;
  readonly annotations: {
    readonly readOnlyHint?: boolean | undefined;
    readonly destructiveHint?: boolean | undefined;
  };
  /** JSON Schema of its arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** Speaks MCP with a server through its governed URL. Rejects with AppError when it does not answer as it should. */
export type Probe = (key: ObjectKey, url: string, options: ProbeOptions) => Promise<Handshake>;

export interface ProbeOptions {
  readonly signal: AbortSignal;
  readonly track?: Track;
  /** `definitions`: everything that a server tells of itself; its tools alone unless given. */
  readonly look?: 'tools' | 'definitions';
}

/** Of a server that has two versions: which of them is looked at. */
export type Track = 'stable' | 'canary';

/** Values of Secrets; undefined when there is none. */
export type ReadSecret = (namespace: string, name: string, key: string) => Promise<string | undefined>;
