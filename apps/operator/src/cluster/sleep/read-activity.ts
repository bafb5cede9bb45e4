import { AppError, GatewayActivity } from '@mcp-runtime/api';
import { readGatewayAdmin } from '../engine/gateway-admin.ts';
import { type ReadActivity } from './follow-activity.ts';

/** How long a gateway that has nothing new holds its answer. */
const WAIT_MS = 5000;
const TIMEOUT_MS = 10_000;

/** Asks the admin listener of a gateway's pod. */
export function readActivityAt(adminPort: number): ReadActivity {
  return async (replica, seen, signal) => {
    const query = seen === undefined ? '' : `?wait=${WAIT_MS}&seen=${seen}`;
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const told = await readGatewayAdmin({ replica, port: adminPort, path: `/activity${query}` }, bounded);
    const { data } = GatewayActivity.safeParse(told);
    if (data === undefined) throw new AppError('upstream_unavailable', `${replica.address}: \`/activity\` is not one`);
    return data;
  };
}
