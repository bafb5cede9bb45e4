import { type GatewayActivity, type ObjectKey, keyText } from '@mcp-runtime/api';
import { type GatewayReplica } from '../engine/gateway-replicas.ts';
import { type Idleness } from './decide.ts';

/** What one gateway told last. */
export interface Report {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly servers: ReadonlyMap<string, GatewayActivity['servers'][number]>;
}

/** Pure: of the gateways that there are, by address. One that does not tell may have calls of which nobody knows. */
export function idlenessOf(
  server: ObjectKey,
  replicas: readonly GatewayReplica[],
  reports: ReadonlyMap<string, Report>,
): Idleness {
  const told = replicas.map(({ address }) => {
    const report = reports.get(address);
    const one = report?.servers.get(keyText(server));
    return report === undefined || one === undefined ? undefined : { at: report.at, ...one };
  });
  const known = told.filter((one) => one !== undefined);
  const wanted = known.some((one) => one.wanted);
  const isWhole = known.length > 0 && known.length === told.length && known.every(({ knows }) => knows);
  if (!isWhole) return { wanted, known: undefined };
  return {
    wanted,
    known: {
      asOf: Math.min(...known.map(({ at }) => at)),
      lastActiveAt: Math.max(...known.map(({ at, idle_ms: idleMs }) => at - idleMs)),
      open: known.reduce((sum, { open }) => sum + open, 0),
    },
  };
}
