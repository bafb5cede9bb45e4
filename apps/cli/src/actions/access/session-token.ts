import { TokenResult } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { apiPath, connectApi } from '../api-client.ts';
import { aboutOne } from '../objects.ts';
import { type TargetFlags } from '../target.ts';
import { type BindingFlags, bindingOf } from './token-binding.ts';

interface Flags extends TargetFlags, BindingFlags {
  readonly namespace: string;
  readonly 'ttl-seconds': number;
}

/** For people it prints the token and nothing else, so that `$(…)` takes it. */
export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<Printed> {
  const confirmation = await bindingOf(flags);
  const api = await connectApi(flags, io);
  const { namespace } = flags;
  const result = await aboutOne(api, 'session', { namespace, name }, () =>
    api.call(apiPath('runtime', 'sessions', namespace, name, 'token'), TokenResult, {
      method: 'POST',
      body: { ttlSeconds: flags['ttl-seconds'], ...(confirmation === undefined ? {} : { confirmation }) },
    }),
  );
  return { data: result, table: result.token };
}
