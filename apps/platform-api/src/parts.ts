import {
  type AuditEvent,
  type ErrorCode,
  type ObjectKey,
  type PolicyDocument,
  type RuntimeStatus,
  type VerifyResult,
} from '@mcp-runtime/api';
import { type Clock, type HostPolicy, type Logger, type Secret } from '@mcp-runtime/base';
import { type KeyRing } from '@mcp-runtime/control-plane';
import { type EventStore } from '@mcp-runtime/events';
import { type ResourceClient } from '@mcp-runtime/kube';

/** Audit events, those included that are on their way into the store. */
export interface Events {
  readonly store: EventStore;
  /** Resolves when all that was recorded before the call is in the store. */
  drained(): Promise<void>;
  verify(): Promise<VerifyResult>;
  /** Calls `listener` with each event from now on. Returns how to stop. */
  subscribe(listener: (event: AuditEvent) => void): () => void;
}

/** What servers wrote to their logs. */
export interface ServerLogs {
  read(key: ObjectKey, tail: number): Promise<readonly string[]>;
  follow(key: ObjectKey, signal: AbortSignal, onLine: (line: string) => void): void;
}

export interface ApiRefusal {
  readonly reason: ErrorCode;
  readonly method: string;
  readonly path: string;
  readonly clientAddress?: string;
}

export interface ApiParts {
  readonly client: ResourceClient;
  readonly events: Events;
  readonly logs: ServerLogs;
  /** Keys of session tokens. */
  readonly keyRing: KeyRing;
  /** The only credential: whoever has it may do everything. */
  readonly adminToken: Secret;
  /** The policy in force. */
  readonly policy: (key: ObjectKey) => PolicyDocument | undefined;
  readonly status: () => Promise<RuntimeStatus>;
  /** Governed URL of a path on the gateway. */
  readonly urlOf: (path: string) => string;
  /** Asks the runtime to stop. Returns at once. */
  readonly shutDown: () => void;
  /** Records a request that was refused before anybody was identified. Resolves when that is done; never rejects. */
  readonly recordRefusal: (refusal: ApiRefusal) => Promise<void>;
  readonly hosts: HostPolicy;
  readonly clock: Clock;
  readonly log: Logger;
}
