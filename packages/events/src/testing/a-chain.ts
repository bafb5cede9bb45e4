import { type AuditEvent } from '@mcp-runtime/api';
import { GENESIS, type SpoolRecord, chainOn } from '../chain.ts';

/** The records that a writer would make of events, from its first on. */
export function aChain(writer: string, events: readonly AuditEvent[]): readonly SpoolRecord[] {
  const records: SpoolRecord[] = [];
  for (const event of events) records.push(chainOn(records.at(-1) ?? GENESIS, writer, JSON.stringify(event)));
  return records;
}
