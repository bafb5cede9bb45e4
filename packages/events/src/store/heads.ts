import { type DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Head } from '../chain.ts';
import { type Row, integerIn, textIn } from './rows.ts';

/** What the store has of a writer: the records behind `start`, up to `last`. */
export interface StoredChain {
  readonly start: Head;
  readonly last: Head;
}

/** The heads table: changed in the transaction that adds the records, so a lost tail is noticed. */
export class Heads {
  readonly #select: StatementSync;
  readonly #selectAll: StatementSync;
  readonly #count: StatementSync;

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('SELECT * FROM heads WHERE writer = ?');
    this.#selectAll = db.prepare('SELECT * FROM heads ORDER BY writer');
    this.#count = db.prepare('SELECT coalesce(sum(last_seq - start_seq), 0) AS records FROM heads');
  }

  of(writer: string): StoredChain | undefined {
    const row = this.#select.get(writer);
    return row && toChain(row);
  }

  all(): ReadonlyMap<string, StoredChain> {
    return new Map(this.#selectAll.all().map((row) => [textIn(row, 'writer'), toChain(row)]));
  }

  records(): number {
    return integerIn(this.#count.get() ?? {}, 'records');
  }
}

function toChain(row: Row): StoredChain {
  return {
    start: { seq: integerIn(row, 'start_seq'), hash: textIn(row, 'start_hash') },
    last: { seq: integerIn(row, 'last_seq'), hash: textIn(row, 'last_hash') },
  };
}
