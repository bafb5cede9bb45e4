import { type Clock } from '@mcp-runtime/base';
import { type AnswerReceiver } from '../../upstream/port.ts';
import { type Passage } from '../passage.ts';
import { type CarryPorts } from './carry.ts';
import { type LiveSession } from './live-sessions.ts';
import { type Outlet } from '../outlet.ts';
import { type Replays } from './replay.ts';
import { type BridgedSession } from './session.ts';

/** A request in a session, and how its answer gets back. */
export interface Served {
  readonly passage: Passage;
  readonly receiver: AnswerReceiver;
  /** For an answer that is not kept. */
  readonly outlet: Outlet;
  readonly session: BridgedSession;
  readonly live: LiveSession;
  /** Aborts when the answer is not wanted any more. */
  readonly abort: AbortController;
}

export interface ServingPorts extends CarryPorts {
  readonly clock: Clock;
  readonly replays: Replays;
  readonly limits: CarryPorts['limits'] & {
    /** After this much silence a call gets a stream that can be resumed, milliseconds. */
    readonly primeAfterMs: number;
  };
  readonly end: (live: LiveSession) => void;
}

const INVALID_REQUEST = -32600;

/** For what is wrong with a request as a whole. */
export function refuseRequest(outlet: Outlet, status: number, message: string): void {
  outlet.reply(status, JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: INVALID_REQUEST, message } }));
}
