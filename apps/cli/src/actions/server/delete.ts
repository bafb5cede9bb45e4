import { ChangeResult } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { apiPath, connectApi } from '../api-client.ts';
import { printChange } from '../change-text.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string;
  readonly 'dry-run': boolean;
}

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  const dryRun = flags['dry-run'];
  const result = await api.call(apiPath('runtime', 'servers', flags.namespace, name), ChangeResult, {
    method: 'DELETE',
    query: { dry_run: dryRun ? 'true' : undefined },
  });
  const object = `server ${flags.namespace}/${name}`;
  return printChange(result, { object, done: 'deleted', already: 'does not exist', dryRun });
}
