import { RuntimeStatus, ServerList } from '@mcp-runtime/api';
import { ageText } from '@mcp-runtime/base';
import { type Invocation, type Printed } from '../frame/command.ts';
import { renderTable } from '../frame/print.ts';
import { connectApi } from './api-client.ts';
import { type TargetFlags } from './target.ts';

/** @throws AppError `service_unavailable` when nothing runs. */
export async function run({ flags, io }: Invocation<TargetFlags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  const [status, { servers }] = await Promise.all([
    api.call('/runtime/status', RuntimeStatus),
    api.call('/runtime/servers', ServerList),
  ]);
  const fields = renderTable({
    columns: ['runtime', 'running'],
    rows: [
      ['version', status.version],
      ['pid', String(status.pid)],
      ['up for', ageText(status.startedAt, Date.now())],
      ['gateway', status.gatewayUrl],
      ['platform API', status.apiUrl],
      ['data folder', status.dataDir],
      ['servers', `${status.servers.ready} of ${status.servers.total} ready`],
      ['audit log', `${status.audit.events} events${status.audit.writable ? '' : ', NOT WRITABLE'}`],
    ],
  });
  const list = renderTable({
    columns: ['server', 'namespace', 'status', 'url', 'message'],
    rows: servers.map(({ name, namespace, endpoint, ...server }) => [
      name,
      namespace,
      server.status,
      endpoint ?? '',
      server.message,
    ]),
    empty: 'no servers',
  });
  return { data: { ...status, serverList: servers }, table: `${fields}\n${list}`.trimEnd() };
}
