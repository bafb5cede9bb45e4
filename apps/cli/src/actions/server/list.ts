import { ServerList } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string | undefined;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  const { servers } = await api.call('/runtime/servers', ServerList, { query: { namespace: flags.namespace } });
  return {
    data: servers,
    table: {
      columns: ['name', 'namespace', 'status', 'source', 'url', 'age'],
      rows: servers.map(({ name, namespace, status, source, endpoint, age }) => [
        name,
        namespace,
        status,
        source,
        endpoint ?? '',
        age,
      ]),
      empty:
        flags.namespace === undefined
          ? 'no servers; mcp-runtime server deploy --help tells how to run one'
          : `no servers in namespace \`${flags.namespace}\`; without -n those of all namespaces are listed`,
    },
  };
}
