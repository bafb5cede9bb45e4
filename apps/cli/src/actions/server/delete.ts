import { ChangeResult } from '@mcp-runtime/api';
import { type CommandIo, type Printed } from '../../frame/command.ts';
import { apiPath, connectApi } from '../api-client.ts';
import { printChange } from '../change-text.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string;
  readonly 'dry-run': boolean;
}

interface Call {
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly io: CommandIo;
}

export async function run({ flags, args: [name = ''], io }: Call): Promise<Printed> {
  const api = await connectApi(flags, io);
  const dryRun = flags['dry-run'];
  const result = await api.call(apiPath('runtime', 'servers', flags.namespace, name), ChangeResult, {
    method: 'DELETE',
    query: { dry_run: dryRun ? 'true' : undefined },
  });
  const object = `server ${flags.namespace}/${name}`;
  return printChange(result, { object, done: 'deleted', already: 'does not exist', dryRun });
}
