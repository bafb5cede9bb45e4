import { type Target } from '@mcp-runtime/api';
import { type Subject } from './subject-index.ts';

/** Who calls, as far as the gateway could establish it; `''` is absent. */
export interface Identity extends Subject {
  /** Name of the agent session that the caller claims. */
  readonly session: string;
  /** Its namespace, where a credential proved which one it is: others may have sessions of that name. */
  readonly sessionNamespace?: string;
}

export interface PolicyRequest {
  readonly method: string;
  /** Undefined means that the method is not a known one. */
  readonly target: Target | undefined;
  readonly identity: Identity;
  /** Scopes of the access token; a credential without any has none. `not-asked` where it is only about what grants give. */
  readonly scopes?: ReadonlySet<string> | 'not-asked' | undefined;
  /** Those of a tool call or prompt; conditions of rules look at them. Absent is none. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Methods that are tool calls; everything else is governed only where the server enforces `all`. */
export function isToolCall(method: string): boolean {
  return method === 'tools/call' || method === 'call_tool';
}
