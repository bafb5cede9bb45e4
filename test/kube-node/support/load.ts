// Agents that call without a pause while something is done to the cluster, and what became of their calls.
import { type Agent, type Answer } from '../../support/agent.ts';
import { untilTrue } from '../../support/until.ts';

export interface Load {
  /** Forgets how often calls came to what so far. */
  forget(): void;
  /** Resolves once every caller has been let through again since it was asked. */
  goesOn(): Promise<void>;
  /** What the newest call of the granted tool came to, for each agent. */
  newest(): readonly string[];
  /** How often calls of the granted tool came to what: `allowed`, the reason of a refusal, or `cut` where no answer came. */
  counts(): ReadonlyMap<string, number>;
  allowedWithoutGrant(): number;
  /** Request ids of every answer since the beginning. */
  answered(): ReadonlySet<string>;
  summary(): string;
  stop(): Promise<void>;
}

interface Tools {
  readonly granted: string;
  readonly notGranted: string;
}

/** Every agent calls a tool that it may use and one that it may not, in turns. */
export function startLoad(agents: readonly Agent[], { granted, notGranted }: Tools): Load {
  const stopped = new AbortController();
  const newest: string[] = [];
  const throughAt: number[] = [];
  const answered = new Set<string>();
  let counts = new Map<string, number>();
  let withoutGrant = 0;

  async function verdictOf(asked: Promise<Answer>): Promise<string> {
    try {
      const { verdict, requestId } = await asked;
      answered.add(requestId);
      return verdict;
    } catch {
      return 'cut';
    }
  }

  async function keepCalling(agent: Agent, index: number): Promise<void> {
    while (!stopped.signal.aborted) {
      const verdict = await verdictOf(agent.call(granted, { message: 'x' }));
      newest[index] = verdict;
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      if (verdict === 'allowed') throughAt[index] = performance.now();
      if ((await verdictOf(agent.call(notGranted, { a: 1, b: 2 }))) === 'allowed') withoutGrant += 1;
    }
  }

  const ended = Promise.all(agents.map(keepCalling));
  return {
    forget: () => (counts = new Map()),
    goesOn: () => {
      const from = performance.now();
      return untilTrue(`calls go on, and do not come to ${newest.join()}`, () =>
        agents.every((_, index) => (throughAt[index] ?? 0) > from),
      );
    },
    newest: () => newest,
    counts: () => counts,
    allowedWithoutGrant: () => withoutGrant,
    answered: () => answered,
    summary: () => [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', '),
    stop: async () => {
      stopped.abort();
      await ended;
    },
  };
}
