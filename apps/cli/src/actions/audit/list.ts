import { type AuditEvent } from '@mcp-runtime/api';
import { ageText } from '@mcp-runtime/base';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { type AuditFilters, type AuditWindow, auditPages, filterQuery, windowQuery } from './query.ts';
import { calledText, callerText, decisionText, reasonText, serverText } from './text.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags, AuditFilters, AuditWindow {
  readonly limit: number;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<Printed> {
  const now = Date.now();
  const query = { ...filterQuery(flags), ...windowQuery(flags, now) };
  const events: AuditEvent[] = [];
  const api = await connectApi(flags, io);
  for await (const page of auditPages(api, { query, order: 'newest', limit: flags.limit })) events.push(...page);
  return {
    data: events,
    table: {
      columns: ['age', 'decision', 'server', 'call', 'caller', 'reason', 'outcome', 'ms'],
      rows: events.map((event) => toRow(event, now)),
      empty: 'no calls are recorded',
    },
  };
}

function toRow(event: AuditEvent, now: number): readonly string[] {
  const { timestamp, payload } = event;
  return [
    ageText(timestamp, now),
    decisionText(event),
    serverText(payload),
    calledText(payload),
    callerText(payload),
    reasonText(payload),
    payload.outcome,
    String(Math.round(payload.latency_ms)),
  ];
}
