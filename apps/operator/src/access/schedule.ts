interface Entry {
  readonly at: number;
  readonly id: string;
}

/** Which things are due when: any number of them, of which only the earliest needs a timer. */
export class Schedule {
  readonly #times = new Map<string, number>();
  /** A binary heap by time. Entries that the map disagrees with are out of date, and skipped when they come up. */
  #heap: Entry[] = [];

  get size(): number {
    return this.#times.size;
  }

  set(id: string, at: number | undefined): void {
    if (at === undefined) return void this.#times.delete(id);
    if (this.#times.get(id) === at) return;
    this.#times.set(id, at);
    this.#push({ at, id });
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#times.size) this.#rebuild();
  }

  /** When the earliest is due; undefined when nothing is. */
  next(): number | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#times.get(first.id) === first.at) return first.at;
      this.#pop();
    }
    return undefined;
  }

  /** Takes out what is due at `now`, earliest first. */
  takeDue(now: number): readonly string[] {
    const due: string[] = [];
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) {
      const { id } = this.#pop();
      this.#times.delete(id);
      due.push(id);
    }
    return due;
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [id, at] of this.#times) this.#push({ at, id });
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    for (let above = (index - 1) >> 1; index > 0; above = (index - 1) >> 1) {
      const parent = heap[above];
      if (parent === undefined || parent.at <= entry.at) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  /** Only called when there is a first one. */
  #pop(): Entry {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new Error('nothing is scheduled');
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const [child, below] = b !== undefined && b.at < a.at ? [b, left + 1] : [a, left];
      if (entry.at <= child.at) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = entry;
  }
}
