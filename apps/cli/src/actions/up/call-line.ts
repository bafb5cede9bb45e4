import { type AuditEvent } from '@mcp-runtime/api';
import { printable } from '../../frame/print.ts';
import { calledText, callerText, reasonText, serverText } from '../audit/text.ts';

/** Methods that are calls to people; the rest is the protocol at work. */
const CALLS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read', 'tools/list']);

/** One line for a call or a refusal; undefined for what is neither. */
export function callLine({ timestamp, payload }: AuditEvent): string | undefined {
  const isCall = payload.identity_source !== 'probe' && CALLS.has(payload.rpc_method ?? '');
  if (!isCall && payload.decision === 'allow') return undefined;
  const parts = [
    timestamp.slice(11, 19),
    callerText(payload),
    serverText(payload),
    calledText(payload),
    payload.decision,
    reasonText(payload),
    `${payload.latency_ms.toFixed(1)} ms`,
  ];
  return parts.map(printable).join('  ');
}
