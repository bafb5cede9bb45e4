import { AppError } from '@mcp-runtime/api';
import { type GatewayReplica } from './gateway-replicas.ts';

interface AdminQuestion {
  readonly replica: Pick<GatewayReplica, 'address'>;
  readonly port: number;
  /** With its query. */
  readonly path: string;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** What the admin listener of a gateway's pod answers, as JSON. Rejects with `upstream_unavailable` when it does not. */
export async function readGatewayAdmin({ replica, port, path }: AdminQuestion, signal: AbortSignal): Promise<unknown> {
  const { address } = replica;
  const host = address.includes(':') ? `[${address}]` : address;
  const response = await fetch(`http://${host}:${port}${path}`, { signal, redirect: 'error' });
  const text = await textOf(response, path);
  if (!response.ok) throw new AppError('upstream_unavailable', `${address}: \`${path}\` answered ${response.status}`);
  return JSON.parse(text);
}

async function textOf(response: Response, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new AppError('upstream_unavailable', `\`${path}\` has too much to say`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
