import { createHash } from 'node:crypto';
import { AppError } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type Upstream } from '../../upstream/port.ts';
import { PROBE_CLIENT } from '../probe.ts';
import { type Passage, standingHeaders } from '../passage.ts';
import { legacyClientCapabilities } from './capabilities.ts';
import { Conversation } from './conversation.ts';
import { shakeHands } from './hello.ts';
import { type ModernCall } from './modern-call.ts';
import { LegacySession } from './session.ts';

export interface PoolLimits {
  /** For how long a session is kept that nobody uses, milliseconds. */
  readonly idleMs: number;
  readonly maxPerPrincipal: number;
  readonly maxOverall: number;
}

export const POOL_LIMITS: PoolLimits = { idleMs: 5 * 60_000, maxPerPrincipal: 8, maxOverall: 4096 };

const SWEEP_MS = 30_000;

interface PoolParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly limits: PoolLimits;
  readonly clock: Clock;
}

interface Slot {
  readonly principal: string;
  readonly opening: Promise<Conversation>;
  /** Once it is open. */
  conversation: Conversation | undefined;
}

/**
 * Sessions at legacy servers, by who calls, where, and what the caller can do: that much is fixed when a session begins, and
 * nobody shares one with somebody else.
 */
export class Pool {
  readonly #parts: PoolParts;
  readonly #slots = new Map<string, Slot>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, parts.limits.idleMs)).unref();
  }

  /** Rejects with the failure of the handshake, or `overloaded`. */
  async conversation(passage: Passage, request: ModernCall): Promise<Conversation> {
    const principal = principalOf(passage);
    const capabilities = legacyClientCapabilities(request.capabilitiesText);
    const key = createHash('sha256')
      .update(JSON.stringify([principal, passage.target.href, canonical(JSON.parse(capabilities))]))
      .digest('base64url');
    const headers = standingHeaders(passage.request.headers);
    const known = this.#slots.get(key);
    if (known !== undefined && known.conversation?.session.isLost !== true) {
      const conversation = await known.opening;
      conversation.session.refresh(headers);
      return conversation;
    }
    if (known !== undefined) this.#drop(key, known);
    this.#makeRoom(principal);
    const { upstream, clock } = this.#parts;
    const { target } = passage;
    const clientInfo = request.clientInfo ?? JSON.stringify(PROBE_CLIENT);
    const opening = shakeHands({ upstream, target, headers, capabilities, clientInfo }).then((hello) => {
      const session = new LegacySession({ upstream, target, principal, hello, headers, clock });
      return new Conversation(session);
    });
    const slot: Slot = { principal, opening, conversation: undefined };
    this.#slots.set(key, slot);
    try {
      slot.conversation = await opening;
      return slot.conversation;
    } catch (error) {
      if (this.#slots.get(key) === slot) this.#slots.delete(key);
      throw error;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    const open = [...this.#slots.values()].flatMap(({ conversation }) => conversation ?? []);
    this.#slots.clear();
    await Promise.all(open.map(closeOf));
  }

  #makeRoom(principal: string): void {
    const { maxPerPrincipal, maxOverall } = this.#parts.limits;
    const mine = [...this.#slots].filter(([, slot]) => slot.principal === principal);
    if (mine.length >= maxPerPrincipal) this.#dropIdlest(mine);
    if (this.#slots.size >= maxOverall) this.#dropIdlest([...this.#slots]);
  }

  #dropIdlest(slots: readonly (readonly [string, Slot])[]): void {
    const idle = slots
      .map(([key, slot]) => ({ key, slot, since: slot.conversation?.session.idleSince ?? Infinity }))
      .toSorted((a, b) => a.since - b.since)[0];
    if (idle === undefined || idle.since === Infinity) {
      throw new AppError('overloaded', 'too many sessions at the MCP server are in use');
    }
    this.#drop(idle.key, idle.slot);
  }

  #drop(key: string, { conversation }: Slot): void {
    this.#slots.delete(key);
    if (conversation !== undefined) void closeOf(conversation);
  }

  #sweep(): void {
    const before = this.#parts.clock() - this.#parts.limits.idleMs;
    for (const [key, slot] of this.#slots) {
      const { conversation } = slot;
      if (conversation === undefined) continue;
      const { isLost, idleSince } = conversation.session;
      if (isLost || (idleSince !== undefined && idleSince <= before)) this.#drop(key, slot);
    }
  }
}

async function closeOf(conversation: Conversation): Promise<void> {
  conversation.close();
  if (!conversation.session.isLost) await conversation.session.close();
}

function principalOf({ exchange }: Passage): string {
  const { identity, source } = exchange.caller;
  const { human, agent, team, session, sessionNamespace } = identity;
  return JSON.stringify([exchange.route.path, source, human, agent, team, session, sessionNamespace]);
}

/** Equal for equal values, whatever the order of their members. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, inner]) => [name, canonical(inner)] as const);
  return members.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
