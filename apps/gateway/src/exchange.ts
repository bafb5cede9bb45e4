import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ErrorCode, type Target } from '@mcp-runtime/api';
import { type RequestSpan, type TraceContext } from '@mcp-runtime/base';
import { type Era, type Message, isListening } from '@mcp-runtime/mcp';
import { type Decision, type Policy } from '@mcp-runtime/policy';
import { type Endpoint } from './routes/endpoints.ts';
import { type Caller, NOBODY } from './identify/caller.ts';
import { type Route } from './routes/route.ts';
import { type Place } from './seal/seal.ts';
import { type UpstreamCredential } from './upstream-auth/credential.ts';

export type Verb = 'POST' | 'GET' | 'DELETE';

/** One request on a route, and what the stages have found out about it so far. */
export interface Exchange {
  /** Also the id of its audit event. */
  readonly requestId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly verb: Verb;
  readonly route: Route;
  /** Under which clients reach the gateway. */
  readonly externalUrl: string;
  /** Milliseconds since the epoch: the clock of every decision about this request. */
  readonly now: number;
  /** Monotonic, milliseconds. */
  readonly startedAt: number;
  readonly policy: Policy | undefined;
  /** Undefined where nothing is traced. */
  readonly span: RequestSpan | undefined;
  /** What the server is told of the trace, when its part has begun. */
  upstreamTrace: TraceContext | undefined;
  body: Buffer;
  message: Message | undefined;
  era: Era;
  target: Target | undefined;
  caller: Caller;
  /** The server's own id of the MCP session that the caller uses. */
  upstreamSession: string | undefined;
  /** Where it goes, of a server with several endpoints: named by its session or task, or picked. */
  endpoint: Endpoint | undefined;
  /** Tasks that the request names: the server's id of each, and the caller's. */
  tasks: ReadonlyMap<string, string> | undefined;
  verdict: Verdict | undefined;
  /** What the gateway presents to the server. */
  credential: UpstreamCredential | undefined;
  bytesOut: number;
  /** Of one message of a batch: asks for room for so many bytes of an answer that is no stream. */
  readonly takesRoom?: (bytes: number) => boolean;
}

/** What was decided, by policy or by a check before it. */
export type Verdict =
  | { readonly by: 'policy'; readonly decision: Decision }
  | { readonly by: 'check'; readonly reason: ErrorCode };

type NewExchange = Pick<Exchange, 'request' | 'response' | 'verb' | 'route' | 'externalUrl' | 'now' | 'span'>;

export function openExchange(given: NewExchange): Exchange {
  return {
    ...given,
    requestId: randomUUID(),
    startedAt: performance.now(),
    policy: given.route.policy.current(),
    body: EMPTY,
    message: undefined,
    era: { kind: 'legacy' },
    target: undefined,
    caller: NOBODY,
    upstreamSession: undefined,
    endpoint: undefined,
    upstreamTrace: undefined,
    tasks: undefined,
    verdict: undefined,
    credential: undefined,
    bytesOut: 0,
  };
}

/** Where what its caller holds belongs, such as session ids; undefined while the server does not run. */
export function placeOf({ route, caller }: Pick<Exchange, 'route' | 'caller'>): Place | undefined {
  const { upstream } = route;
  return upstream && { path: route.path, key: route.key, upstream, identity: caller.identity };
}

/** Whether it has no end of its own: a legacy stream, or a subscription. */
export function isStream({ verb, message }: Exchange): boolean {
  return verb === 'GET' || isListening(message);
}

const EMPTY = Buffer.alloc(0);

/** The method that policy decides about: that of the message, or the HTTP method where there is no message to name one. */
export function methodOf({ verb, message }: Exchange): string {
  if (verb === 'GET') return 'http/get';
  if (verb === 'DELETE') return 'http/delete';
  return message === undefined || message.kind === 'response' ? 'http/response' : message.method;
}
