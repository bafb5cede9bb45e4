import { type Invocation } from '../../frame/command.ts';
import { printable } from '../../frame/print.ts';
import { apiPath, connectApi } from '../api-client.ts';
import { aboutOne } from '../objects.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string;
  readonly tail: number;
  readonly follow: boolean;
}

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<void> {
  const api = await connectApi(flags, io);
  const query = { tail: flags.tail, follow: flags.follow ? 'true' : undefined };
  const key = { namespace: flags.namespace, name };
  await aboutOne(api, 'server', key, async () => {
    for await (const chunk of api.stream(apiPath('runtime', 'servers', key.namespace, name, 'logs'), { query })) {
      io.stdout.write(io.stdout.isTerminal ? chunk.replaceAll(/[^\n\t]+/g, printable) : chunk);
    }
  });
}
