import { z } from 'zod';

/** `spec` of a Lease (`coordination.k8s.io/v1`). Times are RFC 3339 with microseconds. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

const text = z.string().max(1_000).optional().catch(undefined);
const count = z.int().nonnegative().optional().catch(undefined);
const Spec = z.looseObject({
  holderIdentity: text,
  leaseDurationSeconds: count,
  acquireTime: text,
  renewTime: text,
  leaseTransitions: count,
});

/** What is not as it should be counts as not set. */
export function readLeaseSpec(value: unknown): LeaseSpec {
  const { data } = Spec.safeParse(value);
  return data === undefined ? {} : JSON.parse(JSON.stringify(data));
}

export interface LeaseInput {
  /** Undefined when there is no Lease. */
  readonly lease: LeaseSpec | undefined;
  readonly identity: string;
  /** Own time since the lease was first seen as it is: clocks of others do not count (client-go, `leaderelection`). */
  readonly unchangedForMs: number;
}

export type LeaseDecision =
  | { readonly action: 'take'; readonly reason: 'absent' | 'released' | 'expired' }
  | { readonly action: 'renew'; readonly reason: 'held' }
  | { readonly action: 'wait'; readonly reason: 'held by another' };

export function isReleased({ holderIdentity = '' }: LeaseSpec): boolean {
  return holderIdentity === '';
}

export function decideLease({ lease, identity, unchangedForMs }: LeaseInput): LeaseDecision {
  if (lease === undefined) return { action: 'take', reason: 'absent' };
  if (isReleased(lease)) return { action: 'take', reason: 'released' };
  const { holderIdentity: holder, leaseDurationSeconds: seconds = 0 } = lease;
  if (holder === identity) return { action: 'renew', reason: 'held' };
  if (unchangedForMs >= seconds * 1_000) return { action: 'take', reason: 'expired' };
  return { action: 'wait', reason: 'held by another' };
}

interface LeaseWriter {
  readonly identity: string;
  readonly leaseSeconds: number;
  /** Wall clock, milliseconds. */
  readonly now: number;
}

export function heldLease(before: LeaseSpec | undefined, writer: LeaseWriter): LeaseSpec {
  const time = microTime(writer.now);
  const isOwn = before?.holderIdentity === writer.identity;
  return {
    holderIdentity: writer.identity,
    leaseDurationSeconds: writer.leaseSeconds,
    acquireTime: isOwn ? (before.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + (isOwn ? 0 : 1),
  };
}

/** As client-go leaves it: nobody's, for those that read no more than how long it lasts. */
export function releasedLease(before: LeaseSpec, now: number): LeaseSpec {
  const time = microTime(now);
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: before.leaseTransitions ?? 0,
  };
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
