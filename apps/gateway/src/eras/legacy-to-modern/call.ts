import { type Message } from '@mcp-runtime/mcp';
import { type Passage } from '../passage.ts';
import { type Envelope } from './envelope.ts';
import { type LiveSession } from './live-sessions.ts';
import { type Outlet } from '../outlet.ts';
import { type BridgedSession } from './session.ts';

/** A request of a legacy client on its way over the bridge. */
export interface Call {
  readonly passage: Passage;
  readonly message: Extract<Message, { kind: 'request' }>;
  readonly session: BridgedSession;
  readonly live: LiveSession;
  readonly outlet: Outlet;
  /** Aborts with an AppError when the client cancels, or the call may not go on. */
  readonly signal: AbortSignal;
}

export function envelopeOf({ session, live }: Pick<Call, 'session' | 'live'>): Envelope {
  const { capabilities, clientInfo } = session;
  return { capabilities, clientInfo, logLevel: live.logLevel };
}

/** Answers a request with a result, a JSON text. */
export function giveResult({ message, outlet }: Pick<Call, 'message' | 'outlet'>, result: string): void {
  outlet.end(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${result}}`);
}

/** Answers a request with an error object, a JSON text. */
export function giveError({ message, outlet }: Pick<Call, 'message' | 'outlet'>, error: string): void {
  outlet.end(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"error":${error}}`);
}

/** What cannot be carried, with the reason: in a tool's own words where a model may read them. */
export function refuse(call: Pick<Call, 'message' | 'outlet' | 'passage'>, why: string): void {
  if (call.message.method === 'tools/call') {
    giveResult(call, JSON.stringify({ content: [{ type: 'text', text: why }], isError: true }));
    return;
  }
  const data = { requestId: call.passage.exchange.requestId };
  giveError(call, JSON.stringify({ code: INTERNAL_ERROR, message: why, data }));
}

const INTERNAL_ERROR = -32603;

/** Who a call is made for and where: what is learned there is true for nobody else. */
export function placeOf({ target, exchange }: Passage): string {
  const { human, agent, team } = exchange.caller.identity;
  return JSON.stringify([target.href, human, agent, team]);
}

/** Whether the client takes an event stream, on which it can be asked something. */
export function takesEvents({ exchange }: Passage): boolean {
  const { accept = '' } = exchange.request.headers;
  return /text\/event-stream|text\/\*|\*\/\*/i.test(accept);
}
