import { readdir } from 'node:fs/promises';
import { AppError, VerifyResult } from '@mcp-runtime/api';
import { type CommandIo, type Invocation, type Printed } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly spool: string | undefined;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<Printed> {
  const result = await verify(flags, io);
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

async function verify({ spool, ...target }: Flags, io: CommandIo): Promise<VerifyResult> {
  if (spool === undefined) return (await connectApi(target, io)).call('/events/verify', VerifyResult);
  // A folder that is not there would be a log without a fault.
  await readdir(spool).catch((cause: unknown) => {
    throw new AppError('invalid_config', `the folder \`${spool}\` of --spool cannot be read`, { cause });
  });
  const { readSpool, verifyChain } = await import('@mcp-runtime/events');
  return verifyChain(readSpool(spool));
}

function failureOf({ ok, firstBad }: VerifyResult): AppError | undefined {
  if (ok) return undefined;
  if (firstBad === undefined) return new AppError('verification_failed', 'the audit log does not verify');
  const { writer, seq, problem, message } = firstBad;
  return new AppError('verification_failed', `record ${seq} of writer \`${writer}\`: ${problem}: ${message}`, {
    next: 'keep the data folder as it is, and compare it with an export or a backup',
  });
}
