import { AppError } from '@mcp-runtime/api';
import { z } from 'zod';
import { type ReadRevisions } from './revisions.ts';

/** What `/config/status` of a gateway tells, as far as it is read here. */
const ConfigStatus = z.object({
  servers: z.array(z.object({ server: z.string(), revision: z.string().nullish() })),
});

const MAX_BYTES = 16 * 1024 * 1024;

/** Asks the admin listener of a gateway's pod. */
export function readRevisionsAt(adminPort: number): ReadRevisions {
  return async ({ address }, signal) => {
    const host = address.includes(':') ? `[${address}]` : address;
    const response = await fetch(`http://${host}:${adminPort}/config/status`, { signal, redirect: 'error' });
    const { data } = ConfigStatus.safeParse(JSON.parse(await textOf(response)));
    if (!response.ok || data === undefined)
      throw new AppError('upstream_unavailable', `${address}: \`/config/status\` answered ${response.status}`);
    return new Map(
      data.servers.flatMap(({ server, revision }) => (typeof revision !== 'string' ? [] : [[server, revision]])),
    );
  };
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new AppError('upstream_unavailable', '`/config/status` has too much to say');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
