import { type Clock } from '@mcp-runtime/base';
import { z } from 'zod';
import { type Place, type Seal, boundTo } from '../../seal/seal.ts';
import { type ModernCall, digestOf } from './modern-call.ts';

const State = z.object({
  /** The call that waits; none where the request is to be sent again. */
  call: z.string().optional(),
  request: z.string(),
  /** Milliseconds since the epoch. */
  until: z.number(),
});

export type StateFault = 'forged' | 'expired' | 'another_request';

export type OpenedState =
  | { readonly ok: true; readonly call: string | undefined }
  | { readonly ok: false; readonly fault: StateFault };

/**
 * What a caller holds between the rounds of one request (`requestState`, MCP 2026-07-28): sealed, and good only for the same
 * caller, server and request until its time is over. A call that waits does so at one gateway alone.
 */
export interface RequestStates {
  seal(place: Place, request: ModernCall, waiting: { readonly call?: string; readonly until: number }): string;
  open(place: Place, request: ModernCall): OpenedState;
}

export function createRequestStates(seal: Seal, clock: Clock): RequestStates {
  return {
    seal: (place, request, waiting) =>
      seal.seal(JSON.stringify({ ...waiting, request: nameOf(request) }), boundTo(place, useBy(place))),
    open: (place, request) => {
      const text = seal.open(request.requestState ?? '', boundTo(place, useBy(place)));
      if (text === undefined) return { ok: false, fault: 'forged' };
      const state = State.parse(JSON.parse(text));
      if (state.request !== nameOf(request)) return { ok: false, fault: 'another_request' };
      if (state.until < clock()) return { ok: false, fault: 'expired' };
      return { ok: true, call: state.call };
    },
  };
}

/** The agent session counts too: another one of the same agent may be trusted less. */
function useBy({ identity }: Place): readonly string[] {
  return ['request-state', identity.sessionNamespace ?? '', identity.session];
}

function nameOf(request: ModernCall): string {
  return JSON.stringify([request.method, request.name, digestOf(request)]);
}
