/** A thing that has been started and can be closed. `close` is idempotent: drain, then abort, then release. */
export interface Running extends AsyncDisposable {
  close(): Promise<void>;
}

/** Wraps a close function so that calling it twice closes once, and `await using` works. */
export function closeOnce(release: () => Promise<void>): Running {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= release());
  return { close, [Symbol.asyncDispose]: close };
}

/**
 * Collects what a start function has opened so far. `releaseAll` closes in reverse order and
 * rejects with every failure after having tried all.
 */
export class OpenedSoFar {
  readonly #opened: (() => Promise<void> | void)[] = [];

  add(release: () => Promise<void> | void): void {
    this.#opened.push(release);
  }

  async releaseAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const release of this.#opened.splice(0).toReversed()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'several parts failed to close');
  }
}
