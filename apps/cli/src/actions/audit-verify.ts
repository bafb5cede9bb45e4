import { AppError, VerifyResult } from '@mcp-runtime/api';
import { type CommandIo, type Printed } from '../frame/command.ts';
import { connectApi } from './api-client.ts';
import { type TargetFlags } from './target.ts';

export async function run({ flags, io }: { readonly flags: TargetFlags; readonly io: CommandIo }): Promise<Printed> {
  const api = await connectApi(flags, io);
  const result = await api.call('/events/verify', VerifyResult);
  const failure = failureOf(result);
  return {
    data: result,
    table: {
      columns: ['writer', 'first', 'last', 'head'],
      rows: result.writers.map(({ writer, first, last, head }) => [writer, String(first), String(last), head]),
      empty: 'no records',
      note: `${result.records} records: ${failure === undefined ? 'the log is whole' : 'the log does not verify'}`,
    },
    ...(failure === undefined ? {} : { failure }),
  };
}

function failureOf({ ok, firstBad }: VerifyResult): AppError | undefined {
  if (ok) return undefined;
  if (firstBad === undefined) return new AppError('verification_failed', 'the audit log does not verify');
  const { writer, seq, problem, message } = firstBad;
  return new AppError('verification_failed', `record ${seq} of writer \`${writer}\`: ${problem}: ${message}`, {
    next: 'keep the data folder as it is, and compare it with an export or a backup',
  });
}
