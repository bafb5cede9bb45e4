import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DatabaseSync } from 'node:sqlite';
import { type VerifyResult } from '@mcp-runtime/api';
import { type SpoolRecord, startOf } from '../chain.ts';
import { ChainWalk, type FirstBad } from '../chain-walk.ts';
import { columnsOf, parseEvent } from '../event-text.ts';
import { Heads, type StoredChain } from './heads.ts';
import { type Row, integerIn, textIn } from './rows.ts';

const SLICE = 256;

/** Checks all that one read transaction sees. `db` is a connection of its own. */
export async function verifyStore(db: DatabaseSync): Promise<VerifyResult> {
  db.exec('BEGIN');
  const chains = new Heads(db).all();
  const walk = new ChainWalk((record) => chains.get(record.writer)?.start ?? startOf(record));
  // By `id` and not by (writer, seq): an index cannot hide a row from this.
  const slice = db.prepare('SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?');
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = slice.all(after, SLICE);
    for (const row of rows) {
      after = integerIn(row, 'id');
      const bad = faultIn(row, chains, walk);
      if (bad !== undefined) return walk.result(bad);
    }
    if (rows.length < SLICE) return walk.result(wrongHead(chains, walk));
    await nextTurn();
  }
}

function faultIn(row: Row, chains: ReadonlyMap<string, StoredChain>, walk: ChainWalk): FirstBad | undefined {
  const record = toRecord(row);
  const { writer, seq } = record;
  if (!chains.has(writer)) {
    return { writer, seq, problem: 'no_head', message: 'there are records of a writer without a recorded head' };
  }
  return walk.take(record) ?? wrongColumn(row, record);
}

function wrongColumn(row: Row, { writer, seq, event: text }: SpoolRecord): FirstBad | undefined {
  const event = parseEvent(text);
  if (event === undefined) {
    return { writer, seq, problem: 'not_an_event', message: `record ${seq} is not an audit event` };
  }
  for (const [column, value] of Object.entries(columnsOf(event))) {
    if (row[column] === value) continue;
    const message = `column \`${column}\` of record ${seq} is \`${String(row[column])}\`, its event says \`${value}\``;
    return { writer, seq, problem: 'wrong_column', message };
  }
  return undefined;
}

/** Records that are gone from the end, or a head that was changed. */
function wrongHead(chains: ReadonlyMap<string, StoredChain>, walk: ChainWalk): FirstBad | undefined {
  for (const [writer, { start, last }] of chains) {
    const { seq, hash } = walk.headOf(writer) ?? start;
    if (seq < last.seq) {
      return {
        writer,
        seq: seq + 1,
        problem: 'missing',
        message: `record ${seq + 1} is missing: ${last.seq} was the last`,
      };
    }
    if (seq > last.seq || hash !== last.hash) {
      return { writer, seq, problem: 'wrong_head', message: `record ${seq} is not the last one that was recorded` };
    }
  }
  return undefined;
}

function toRecord(row: Row): SpoolRecord {
  return {
    writer: textIn(row, 'writer'),
    seq: integerIn(row, 'seq'),
    prev: textIn(row, 'prev'),
    hash: textIn(row, 'hash'),
    event: textIn(row, 'event'),
  };
}
