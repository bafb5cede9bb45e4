import { type DatabaseSync, type StatementSync } from 'node:sqlite';
import { AppError } from '@mcp-runtime/api';
import { type SpoolRecord, faultAfter, startOf } from '../chain.ts';
import { columnsOf, parseEvent } from '../event-text.ts';
import { type Heads, type StoredChain } from './heads.ts';

const INSERT = `
  INSERT INTO events (writer, seq, prev, hash, event, time, server, namespace, tool, human, agent, decision)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const SAVE_HEAD = `
  INSERT INTO heads (writer, start_seq, start_hash, last_seq, last_hash) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (writer) DO UPDATE SET last_seq = excluded.last_seq, last_hash = excluded.last_hash`;

/** Adds records to the chains that the store has. */
export class Inserter {
  readonly #db: DatabaseSync;
  readonly #heads: Heads;
  readonly #insert: StatementSync;
  readonly #saveHead: StatementSync;
  readonly #storedHash: StatementSync;

  constructor(db: DatabaseSync, heads: Heads) {
    this.#db = db;
    this.#heads = heads;
    this.#insert = db.prepare(INSERT);
    this.#saveHead = db.prepare(SAVE_HEAD);
    this.#storedHash = db.prepare('SELECT hash FROM events WHERE writer = ? AND seq = ?');
  }

  /** All in one transaction; how many were new. */
  insert(records: readonly SpoolRecord[]): number {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const chains = new Map<string, StoredChain>();
      let added = 0;
      for (const record of records) {
        const chain = chains.get(record.writer) ?? this.#heads.of(record.writer) ?? emptyChain(record);
        const isNew = record.seq > chain.last.seq;
        if (isNew) this.#add(chain, record);
        else this.#requireSame(record);
        if (isNew) added++;
        chains.set(record.writer, isNew ? { ...chain, last: record } : chain);
      }
      for (const [writer, { start, last }] of chains) {
        this.#saveHead.run(writer, start.seq, start.hash, last.seq, last.hash);
      }
      this.#db.exec('COMMIT');
      return added;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #add(chain: StoredChain, record: SpoolRecord): void {
    const fault = faultAfter(chain.last, record);
    if (fault !== undefined) throw refusal(record, fault.message);
    const event = parseEvent(record.event);
    if (event === undefined) throw refusal(record, `record ${record.seq} is not an audit event`);
    const { time, server, namespace, tool, human, agent, decision } = columnsOf(event);
    const { writer, seq, prev, hash, event: text } = record;
    this.#insert.run(writer, seq, prev, hash, text, time, server, namespace, tool, human, agent, decision);
  }

  /** A second delivery is harmless; another record under a number already taken is not. */
  #requireSame(record: SpoolRecord): void {
    const stored = this.#storedHash.get(record.writer, record.seq)?.['hash'];
    if (stored !== record.hash) throw refusal(record, `record ${record.seq} differs from the one stored before`);
  }
}

/** A chain whose beginning is not at hand is stored from where it begins. */
function emptyChain(record: SpoolRecord): StoredChain {
  const start = startOf(record);
  return { start, last: start };
}

function refusal({ writer }: SpoolRecord, why: string): AppError {
  return new AppError('data_corrupt', `the audit records of \`${writer}\` cannot be stored: ${why}`, {
    next: '`mcp-runtime audit verify` says what the store holds',
  });
}
