import { randomUUID } from 'node:crypto';
import { type Clock } from '@mcp-runtime/base';
import { z } from 'zod';
import { type SessionPlace, type SessionSeal } from '../../session-seal.ts';
import { type ModernCall, digestOf } from './modern-call.ts';

const State = z.object({
  /** The call that waits at this gateway; none where the request is to be sent again. */
  call: z.string().optional(),
  gateway: z.string(),
  request: z.string(),
  /** Milliseconds since the epoch. */
  until: z.number(),
});

export type StateFault = 'forged' | 'expired' | 'another_request' | 'elsewhere';

export type OpenedState =
  | { readonly ok: true; readonly call: string | undefined }
  | { readonly ok: false; readonly fault: StateFault };

/**
 * What a caller holds between the rounds of one request (`requestState`, MCP 2026-07-28): sealed, and good only for the same
 * caller, server and request until its time is over. A call that waits does so at one gateway alone.
 */
export interface RequestStates {
  seal(place: SessionPlace, request: ModernCall, waiting: { readonly call?: string; readonly until: number }): string;
  open(place: SessionPlace, request: ModernCall): OpenedState;
}

export function createRequestStates(seal: SessionSeal, clock: Clock): RequestStates {
  const gateway = randomUUID();
  return {
    seal: (place, request, waiting) =>
      seal.seal(JSON.stringify({ ...waiting, gateway, request: nameOf(request) }), asState(place)),
    open: (place, request) => {
      const text = seal.open(request.requestState ?? '', asState(place));
      if (text === undefined) return { ok: false, fault: 'forged' };
      const state = State.parse(JSON.parse(text));
      if (state.request !== nameOf(request)) return { ok: false, fault: 'another_request' };
      if (state.until < clock()) return { ok: false, fault: 'expired' };
      if (state.call !== undefined && state.gateway !== gateway) return { ok: false, fault: 'elsewhere' };
      return { ok: true, call: state.call };
    },
  };
}

/** No session is at such a path: neither kind of seal opens as the other. */
function asState(place: SessionPlace): SessionPlace {
  return { ...place, path: `requestState ${place.path} ${place.identity.session}` };
}

function nameOf(request: ModernCall): string {
  return JSON.stringify([request.method, request.name, digestOf(request)]);
}
