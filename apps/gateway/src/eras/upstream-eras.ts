import { type Clock } from '@mcp-runtime/base';
import { type ProbePorts, probe } from './probe.ts';
import { type Spoken, UNKNOWN } from './spoken.ts';

/** What the gateway knows of its servers' eras. */
export interface UpstreamEras {
  /** A look-up; nothing is asked. */
  known(target: URL): Spoken;
  /** Asks the server; those who want to know at the same time share the question. Rejects when there is no verdict. */
  learn(target: URL, headers: Readonly<Record<string, string>>): Promise<Spoken>;
  /** An answer showed something. */
  note(target: URL, shown: Partial<Spoken>): void;
  /** An answer does not fit to what is known: the next one who needs to know asks again. */
  doubt(target: URL): void;
}

interface Entry {
  readonly spoken: Spoken;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

const LIFE_MS = 10 * 60_000;
/** Callers cause answers that raise doubts; they must not cause a probe each. */
const TRUSTED_MS = 10_000;
const MAX_ENTRIES = 4096;

export function createUpstreamEras(ports: ProbePorts, clock: Clock): UpstreamEras {
  const entries = new Map<string, Entry>();
  const underway = new Map<string, Promise<Spoken>>();

  function keep(href: string, spoken: Spoken): void {
    entries.delete(href);
    entries.set(href, { spoken, since: clock() });
    const [oldest] = entries.keys();
    if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
  }

  function known({ href }: URL): Spoken {
    const entry = entries.get(href);
    if (entry === undefined) return UNKNOWN;
    if (clock() - entry.since < LIFE_MS) return entry.spoken;
    entries.delete(href);
    return UNKNOWN;
  }

  async function learn(target: URL, headers: Readonly<Record<string, string>>): Promise<Spoken> {
    try {
      const spoken = await probe(target, headers, ports);
      keep(target.href, spoken);
      return spoken;
    } finally {
      underway.delete(target.href);
    }
  }

  return {
    known,
    learn: (target, headers) => {
      const asked = underway.get(target.href) ?? learn(target, headers);
      underway.set(target.href, asked);
      return asked;
    },
    note: (target, shown) => keep(target.href, { ...known(target), ...shown }),
    doubt: ({ href }) => {
      const entry = entries.get(href);
      if (entry !== undefined && clock() - entry.since >= TRUSTED_MS) entries.delete(href);
    },
  };
}
