import { ServerList } from '@mcp-runtime/api';
import { ageText } from '@mcp-runtime/base';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { renderTable } from '../../frame/print.ts';
import { type ApiClient, connectApi } from '../api-client.ts';
import { getServer } from './get-server.ts';
import { toolTable } from './text.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string;
}

export async function run({ flags, args: [name], io }: Invocation<Flags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  return name === undefined ? statusOfAll(api, flags.namespace) : statusOfOne(api, flags.namespace, name);
}

async function statusOfAll(api: ApiClient, namespace: string): Promise<Printed> {
  const { servers } = await api.call('/runtime/servers', ServerList, { query: { namespace } });
  return {
    data: servers,
    table: {
      columns: ['name', 'status', 'reason', 'message'],
      rows: servers.map(({ name, status, reason, message }) => [name, status, reason, message]),
      empty: `no servers in namespace ${namespace}`,
    },
  };
}

async function statusOfOne(api: ApiClient, namespace: string, name: string): Promise<Printed> {
  const server = await getServer(api, { namespace, name });
  const now = Date.now();
  const conditions = renderTable({
    columns: ['condition', 'status', 'reason', 'age', 'message'],
    rows: (server.status?.conditions ?? []).map(({ type, status, reason, message, lastTransitionTime }) => [
      type,
      status,
      reason,
      ageText(lastTransitionTime, now),
      message,
    ]),
    empty: 'nothing has been observed yet',
  });
  return { data: server.status ?? {}, table: `${conditions}\n${renderTable(toolTable(server)).trimEnd()}` };
}
