import { AppError } from '@mcp-runtime/api';
import { z } from 'zod';
import { type Counts } from '../rollout/judge.ts';
import { readGatewayAdmin } from './gateway-admin.ts';
import { type GatewayReplica } from './gateway-replicas.ts';
import { type ReadRevisions } from './revisions.ts';
import { type ReadTracks } from './trials.ts';

const Track = z.object({
  name: z.string(),
  requests: z.int(),
  errors: z.int(),
  /** Not told by gateways of before. */
  failures: z.int().default(0),
});

/** What `/config/status` of a gateway tells, as far as it is read here. */
const ConfigStatus = z.object({
  servers: z.array(
    z.object({ server: z.string(), revision: z.string().nullish(), tracks: z.array(Track).default([]) }),
  ),
});

/** Asks the admin listener of a gateway's pod. */
export function readRevisionsAt(adminPort: number): ReadRevisions {
  return async (replica, signal) => {
    const { servers } = await statusOf(replica, adminPort, signal);
    return new Map(
      servers.flatMap(({ server, revision }) => (typeof revision !== 'string' ? [] : [[server, revision]])),
    );
  };
}

/** The same of what it has counted. Answers that are errors of MCP count as errors: most faults of servers are told so. */
export function readTracksAt(adminPort: number): ReadTracks {
  return async (replica, signal) => {
    const { servers } = await statusOf(replica, adminPort, signal);
    return new Map(
      servers.map(({ server, tracks }) => [server, { stable: of(tracks, 'stable'), canary: of(tracks, 'canary') }]),
    );
  };
}

function of(tracks: readonly z.infer<typeof Track>[], wanted: string): Counts {
  const track = tracks.find(({ name }) => name === wanted);
  if (track === undefined) return { requests: 0, errors: 0 };
  return { requests: track.requests, errors: track.errors + track.failures };
}

async function statusOf(
  replica: GatewayReplica,
  adminPort: number,
  signal: AbortSignal,
): Promise<z.infer<typeof ConfigStatus>> {
  const told = await readGatewayAdmin({ replica, port: adminPort, path: '/config/status' }, signal);
  const { data } = ConfigStatus.safeParse(told);
  if (data === undefined)
    throw new AppError('upstream_unavailable', `${replica.address}: \`/config/status\` is not one`);
  return data;
}
