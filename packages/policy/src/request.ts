import { type Subject } from './subject-index.ts';

/** Who calls, as far as the gateway could establish it; `''` is absent. */
export interface Identity extends Subject {
  /** Name of the agent session that the caller claims. */
  readonly session: string;
}

/** What a message is about. Undefined in a request means that the method is not a known one. */
export type Target =
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'resource'; readonly uri: string }
  /** A template: what it may turn into is not known yet. */
  | { readonly kind: 'template'; readonly uri: string }
  | { readonly kind: 'resources'; readonly uris: readonly string[] }
  | { readonly kind: 'task'; readonly id: string }
  | { readonly kind: 'list'; readonly of: 'tools' | 'prompts' | 'resources' | 'templates' }
  | { readonly kind: 'server' };

export interface PolicyRequest {
  readonly method: string;
  readonly target: Target | undefined;
  readonly identity: Identity;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Methods that are tool calls; everything else is governed only where the server enforces `all`. */
export function isToolCall(method: string): boolean {
  return method === 'tools/call' || method === 'call_tool';
}
