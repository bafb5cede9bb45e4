import { lookup } from 'node:dns/promises';
import { type MCPServer, type ObjectKey, keyOf } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type Plan, egressHosts, planObjects } from '../plan/index.ts';
import { isMtls } from '../plan/placement.ts';
import { type OperatorSettings } from '../settings.ts';
import { type Sleeping } from '../sleep/sleeping.ts';
import { createAddressBook } from './addresses.ts';
import { canaryStateOf } from './canary-state.ts';
import { type ServingCertificates } from './serving-certificates.ts';
import { type SidecarKeys } from './sidecar-keys.ts';
import { type World } from './world.ts';

interface PlannerParts {
  readonly settings: OperatorSettings;
  readonly world: World;
  readonly sidecarKeys: Pick<SidecarKeys, 'nameFor'>;
  readonly certificates: Pick<ServingCertificates, 'for'>;
  readonly sleeping: Pick<Sleeping, 'activityOf'>;
  readonly tokenKeys: () => string | undefined;
  readonly clock: Clock;
  /** A name that the server may connect to has other addresses than it was planned with. */
  readonly onResolved: (server: ObjectKey) => void;
  /** What the plan was made from changes without an event: it is made again after so many milliseconds. */
  readonly lookAfter: (server: ObjectKey, ms: number) => void;
}

/** Egress by host name follows what the name resolves to. */
const LOOK_UP_AGAIN_MS = 60_000;
/** How long until the certificate of a gateway is looked at again, milliseconds: its authority may be another one. */
const CERTIFICATES_MS = { least: 1000, most: 600_000 };

/** Plans the objects of a server from all that is known at that moment. */
export function createPlanner(parts: PlannerParts): (server: MCPServer) => Plan {
  const { settings, world, sidecarKeys, certificates, sleeping, tokenKeys, clock, onResolved, lookAfter } = parts;
  const addresses = createAddressBook(resolveHost, clock);
  return (server) => {
    const keys = tokenKeys();
    const sessionKeys = sidecarKeys.nameFor(server);
    const hosts = egressHosts(server, settings);
    const key = keyOf(server);
    const canary = canaryStateOf(server, world);
    if (hosts.length > 0) lookAfter(key, LOOK_UP_AGAIN_MS);
    const activity = sleeping.activityOf(server);
    const serving = certificates.for(server);
    if (isMtls(server)) lookAfter(key, untilNextLook(serving?.renewAt, clock()));
    return planObjects(server, settings, {
      // An autoscaler leaves alone what has no replicas: it gets them once there are some.
      autoscaled: activity === 'waking' ? new Set() : world.autoscaledIn(key.namespace),
      addresses: addresses.of(hosts, () => onResolved(key)),
      activity: activity === 'asleep' ? 'asleep' : 'awake',
      apiServer: world.apiServer(),
      ...(sessionKeys === undefined ? {} : { sessionKeys }),
      ...(canary === undefined ? {} : { canary }),
      ...(serving === undefined ? {} : { serving }),
      ...(keys === undefined ? {} : { tokenKeys: keys }),
    });
  };
}

function untilNextLook(renewAt: number | undefined, now: number): number {
  const ms = renewAt === undefined ? LOOK_UP_AGAIN_MS : renewAt - now;
  return Math.min(Math.max(ms, CERTIFICATES_MS.least), CERTIFICATES_MS.most);
}

async function resolveHost(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
