/** Remembers roughly when records were written, in bounded space. */
export class Marks {
  #marks: { readonly seq: number; readonly at: number }[] = [];

  /** `seq` is the first record of a write. */
  note(seq: number, at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && at - last.at < APART_MS) return;
    this.#marks.push({ seq, at });
    // Every other one: what is long ago need not be known to the second.
    if (this.#marks.length > MAX_MARKS) this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
  }

  /** Not after that record was written, and not long before. */
  timeOf(seq: number): number | undefined {
    return (this.#marks.findLast((mark) => mark.seq <= seq) ?? this.#marks[0])?.at;
  }
}

const APART_MS = 1000;
const MAX_MARKS = 512;
