import { AppError, AuditEvent } from '@mcp-runtime/api';
import { type Invocation } from '../../frame/command.ts';
import { printable } from '../../frame/print.ts';
import { connectApi } from '../api-client.ts';
import { type AuditFilters, filterQuery } from './query.ts';
import { eventLine } from './text.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags, AuditFilters {
  readonly output: string;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const api = await connectApi(flags, io);
  let partial = '';
  for await (const chunk of api.stream('/events/stream', { query: filterQuery(flags) })) {
    const lines = `${partial}${chunk}`.split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines.filter((text) => text.trim() !== '')) {
      io.stdout.write(`${flags.output === 'json' ? line : printable(eventLine(readEvent(line)))}\n`);
    }
  }
}

function readEvent(line: string): AuditEvent {
  try {
    return AuditEvent.parse(JSON.parse(line));
  } catch (cause) {
    throw new AppError('service_unavailable', 'an event of the platform API cannot be read', { cause });
  }
}
