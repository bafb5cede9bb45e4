import { keyText } from '@mcp-runtime/api';
import { type Permit, type Policy, limited, limitsFor } from '@mcp-runtime/policy';
import { denialReply } from '../denial.ts';
import { type Exchange } from '../exchange.ts';
import { type Reply } from '../reply.ts';
import { type Limiter, type Measured } from './limiter.ts';

/** What is left to do for a request that may go on: tell how it ended. */
type Ended = (bytesOut: number, now: number) => void;

export type Admitted =
  | { readonly ok: true; readonly permit: Permit; readonly ended: Ended | undefined }
  | { readonly ok: false; readonly reply: Reply };

/** Whether a permitted request is within the limits of its caller. Only requests count: what has no answer cannot be put off. */
export function admit(exchange: Exchange, policy: Policy, permit: Permit, limiter: Limiter): Admitted {
  const measured = policy.limits === undefined ? undefined : measure(exchange, policy, permit);
  if (measured === undefined || measured.limits.length === 0) return { ok: true, permit, ended: undefined };
  const over = limiter.over(measured);
  if (over === undefined) return { ok: true, permit, ended: limiter.begin(measured) };
  const decision = limited(policy, permit, over.reason, over.message);
  exchange.verdict = { by: 'policy', decision };
  if (decision.allowed) return { ok: true, permit: decision, ended: limiter.begin(measured) };
  return { ok: false, reply: denialReply(exchange, { ...decision, retryAfterMs: over.retryAfterMs }) };
}

function measure(exchange: Exchange, policy: Policy, permit: Permit): Measured | undefined {
  const { caller, message, target, body, now, route } = exchange;
  if (caller.source === 'probe' || message?.kind !== 'request') return undefined;
  const { human, agent, team } = caller.identity;
  return {
    caller: JSON.stringify([keyText(route.key), human, agent, team]),
    limits: limitsFor(policy, target, permit),
    bytesIn: body.length,
    now,
    progress: target?.kind === 'subscription' ? 'elsewhere' : 'counted',
  };
}
