import { hash } from 'node:crypto';

/** One link of a writer's chain. Hashes are lower-case hex. */
export interface SpoolRecord {
  readonly writer: string;
  /** From 1, without gaps. */
  readonly seq: number;
  /** Hash of the record before; 64 zeros for the first. */
  readonly prev: string;
  readonly hash: string;
  /** The exact JSON text of the event: what is hashed, never serialised again. */
  readonly event: string;
}

/** The last link known of a chain. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** What the first record of a writer continues. */
export const GENESIS: Head = { seq: 0, hash: '0'.repeat(64) };

const DOMAIN = 'mcp-runtime/audit/v1';

/** Leaf hash of RFC 6962 §2.1, bound to its writer, its number and the record before. */
export function chainHash(writer: string, seq: number, prev: string, event: string): string {
  const leaf = hash('sha256', `\0${event}`);
  return hash('sha256', `${DOMAIN}\0${writer}\0${seq}\0${prev}\0${leaf}`);
}

export function chainOn(head: Head, writer: string, event: string): SpoolRecord {
  const seq = head.seq + 1;
  return { writer, seq, prev: head.hash, hash: chainHash(writer, seq, head.hash, event), event };
}

/** What is wrong at `seq`. `problem` is from a closed set, `message` is for people. */
export interface ChainFault {
  readonly seq: number;
  readonly problem: 'missing' | 'out_of_order' | 'wrong_link' | 'wrong_hash';
  readonly message: string;
}

/** Why `record` cannot follow `head`, or nothing when it does. */
export function faultAfter(head: Head, record: SpoolRecord): ChainFault | undefined {
  const expected = head.seq + 1;
  if (record.seq > expected) {
    return {
      seq: expected,
      problem: 'missing',
      message: `record ${expected} is missing: ${record.seq} follows ${head.seq}`,
    };
  }
  if (record.seq < expected) {
    return {
      seq: record.seq,
      problem: 'out_of_order',
      message: `record ${record.seq} stands where ${expected} should`,
    };
  }
  if (record.prev !== head.hash) {
    return {
      seq: record.seq,
      problem: 'wrong_link',
      message: `record ${record.seq} does not continue the record before it`,
    };
  }
  if (record.hash !== chainHash(record.writer, record.seq, record.prev, record.event)) {
    return {
      seq: record.seq,
      problem: 'wrong_hash',
      message: `record ${record.seq} is not what its hash was made of`,
    };
  }
  return undefined;
}

/** The head that `record` claims to continue: the start of a chain whose earlier part is not at hand. */
export function startOf(record: SpoolRecord): Head {
  return record.seq === 1 ? GENESIS : { seq: record.seq - 1, hash: record.prev };
}
