import { type MCPServer, type ObjectKey, ServerBody } from '@mcp-runtime/api';
import { type ApiClient, apiPath } from '../api-client.ts';
import { aboutOne } from '../objects.ts';

/** @throws AppError `not_found`, with what to try. */
export function getServer(api: ApiClient, key: ObjectKey): Promise<MCPServer> {
  return aboutOne(api, 'server', key, () => readServer(api, key));
}

/** @throws AppError `not_found`. */
export async function readServer(api: ApiClient, { namespace, name }: ObjectKey): Promise<MCPServer> {
  const { server } = await api.call(apiPath('runtime', 'servers', namespace, name), ServerBody);
  return server;
}
