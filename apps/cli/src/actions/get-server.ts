import { type MCPServer, type ObjectKey, ServerBody } from '@mcp-runtime/api';
import { type ApiClient, apiPath } from './api-client.ts';

/** @throws AppError `not_found`. */
export async function getServer(api: ApiClient, { namespace, name }: ObjectKey): Promise<MCPServer> {
  const { server } = await api.call(apiPath('runtime', 'servers', namespace, name), ServerBody);
  return server;
}
