import { type MCPServer, type ObjectKey, asAppError, keyOf, keyText } from '@mcp-runtime/api';
import { type Running } from '@mcp-runtime/base';
import { type ShakenHands } from '../../handshake-status.ts';
import { type Probe, type Track } from '../../ports.ts';
import { type WorkDone, createWorkQueue } from '../../work-queue.ts';

/** Handshakes through the gateways, apart from everything else: a server that does not answer holds up nobody. */
export interface Probing extends Running {
  /** Sees to it that there is a handshake of this; `id` names what runs, so that other pods are asked anew. */
  want(server: MCPServer, id: string, url: string): void;
  /** The server does not run: what was found before says nothing. */
  drop(server: ObjectKey): void;
  /** Of the server as it is asked for now. What was found with other pods counts until these have answered. */
  outcome(server: MCPServer): ShakenHands;
  depth(): number;
}

interface ProbingOptions {
  readonly probe: Probe;
  /** Which version is looked at. */
  readonly track: Track;
  /** How often tools are looked at again, milliseconds. */
  readonly intervalMs: number;
  readonly onOutcome: (server: ObjectKey) => void;
  readonly onDone: (done: WorkDone) => void;
}

interface Wanted {
  readonly id: string;
  readonly generation: number;
  readonly url: string;
  readonly look: 'tools' | 'definitions';
}

interface Found {
  readonly id: string;
  readonly generation: number;
  readonly outcome: NonNullable<ShakenHands>;
}

const AT_ONCE = 16;
const BACKOFF = { initialMs: 200, factor: 2, maxMs: 30_000 };

export function startProbing({ probe, track, intervalMs, onOutcome, onDone }: ProbingOptions): Probing {
  const wanted = new Map<string, Wanted>();
  const found = new Map<string, Found>();

  const queue = createWorkQueue({
    workers: AT_ONCE,
    backoff: BACKOFF,
    onError: () => {},
    onDone,
    work: async (key, signal) => {
      const want = wanted.get(keyText(key));
      if (want === undefined) return;
      const outcome = await shakeHands(key, want, signal);
      signal.throwIfAborted();
      // Dropped meanwhile: it does not run any more.
      if (!wanted.has(keyText(key))) return;
      const before = found.get(keyText(key));
      found.set(keyText(key), { id: want.id, generation: want.generation, outcome });
      if (before === undefined || textOf(before) !== textOf({ ...want, outcome })) onOutcome(key);
      if (!outcome.ok) throw outcome.error;
      queue.addAfter(key, intervalMs);
    },
  });

  async function shakeHands(
    key: ObjectKey,
    { url, look }: Wanted,
    signal: AbortSignal,
  ): Promise<NonNullable<ShakenHands>> {
    try {
      return { ok: true, handshake: await probe(key, url, { signal, track, look }) };
    } catch (error) {
      return { ok: false, error: asAppError(error) };
    }
  }

  return {
    want: (server, id, url) => {
      const key = keyOf(server);
      // What sleeps is answered for by what it told.
      const look = server.spec.sleep === undefined ? 'tools' : 'definitions';
      const next: Wanted = { id, generation: server.metadata.generation ?? 1, url, look };
      const before = wanted.get(keyText(key));
      wanted.set(keyText(key), next);
      if (before?.id !== id || before.generation !== next.generation || before.url !== url) queue.add(key);
    },
    drop: (server) => {
      wanted.delete(keyText(server));
      found.delete(keyText(server));
    },
    outcome: (server) => {
      const last = found.get(keyText(keyOf(server)));
      return last?.generation === (server.metadata.generation ?? 1) ? last.outcome : undefined;
    },
    depth: () => queue.depth(),
    close: () => queue.close(),
    [Symbol.asyncDispose]: () => queue.close(),
  };
}

function textOf({ generation, outcome }: Pick<Found, 'generation' | 'outcome'>): string {
  return JSON.stringify([generation, outcome.ok ? outcome.handshake : outcome.error.message]);
}
