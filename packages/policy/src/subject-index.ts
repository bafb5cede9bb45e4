/** Who: `''` is a field that is not set. */
export interface Subject {
  readonly human: string;
  readonly agent: string;
  readonly team: string;
}

/** Every set field equals the caller's, and at least one is set: a subject with no field matches nobody. */
export function matches(subject: Subject, caller: Subject): boolean {
  return (
    (subject.human !== '' || subject.agent !== '' || subject.team !== '') &&
    (subject.human === '' || subject.human === caller.human) &&
    (subject.agent === '' || subject.agent === caller.agent) &&
    (subject.team === '' || subject.team === caller.team)
  );
}

const REMEMBERED_CALLERS = 4096;

/** Finds the values whose subject matches a caller, in the order given, without looking at the others. */
export class SubjectIndex<T> {
  readonly #bySubject = new Map<string, { readonly order: number; readonly value: T }[]>();
  readonly #remembered = new Map<string, readonly T[]>();
  /** Whom it was asked about last: of a list, every item is decided for one caller. */
  #last: { readonly caller: Subject; readonly values: readonly T[] } | undefined;

  constructor(entries: readonly (readonly [Subject, T])[]) {
    for (const [order, [subject, value]] of entries.entries()) {
      const key = keyOf(subject);
      const same = this.#bySubject.get(key);
      if (same === undefined) this.#bySubject.set(key, [{ order, value }]);
      else same.push({ order, value });
    }
  }

  matching(caller: Subject): readonly T[] {
    if (this.#last?.caller !== caller) this.#last = { caller, values: this.#find(caller) };
    return this.#last.values;
  }

  #find(caller: Subject): readonly T[] {
    const key = keyOf(caller);
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined) return remembered;
    const found = subjectsMatching(caller).flatMap((subject) => this.#bySubject.get(keyOf(subject)) ?? []);
    const values = found.toSorted((a, b) => a.order - b.order).map(({ value }) => value);
    if (this.#remembered.size >= REMEMBERED_CALLERS) this.#remembered.clear();
    this.#remembered.set(key, values);
    return values;
  }
}

/** The at most seven subjects that match a caller: each way of leaving fields of the caller unset but all. */
function subjectsMatching({ human, agent, team }: Subject): readonly Subject[] {
  const subjects: Subject[] = [];
  for (const h of human === '' ? [''] : [human, '']) {
    for (const a of agent === '' ? [''] : [agent, '']) {
      for (const t of team === '' ? [''] : [team, '']) {
        if (h !== '' || a !== '' || t !== '') subjects.push({ human: h, agent: a, team: t });
      }
    }
  }
  return subjects;
}

function keyOf({ human, agent, team }: Subject): string {
  return `${human.length}:${agent.length}:${human}${agent}${team}`;
}
