import {
  type MCPServer,
  type ObjectKey,
  LABELS,
  PARTS,
  AppError,
  asAppError,
  keyText,
  toConditionReason,
} from '@mcp-runtime/api';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { encodeDelivery, packedDefinitions } from '@mcp-runtime/delivery';
import { CONFIG_MAPS, type ConfigMap, type KubeObject } from '@mcp-runtime/kube';
import { type Blocked } from '../../conditions.ts';
import { policyOf } from '../../server-policy.ts';
import { serverLabels } from '../plan/object.ts';
import { placementOf } from '../plan/placement.ts';
import { type OperatorSettings } from '../settings.ts';
import { lastingHindrance } from '../sleep/hindrance.ts';
import { idOf } from './kinds.ts';
import { routeOf } from './route.ts';
import { type World } from './world.ts';
import { type Writer } from './writer.ts';

/** What is known of the policy of a server: the revision in its ConfigMaps, or why there is none. */
export type PolicyState =
  | { readonly revision: string; readonly refused?: undefined }
  | { readonly revision?: undefined; readonly refused: Blocked };

/** Publishes the policies of servers as ConfigMaps, apart from everything else: nothing may hold up a revocation. */
export interface Policies {
  /** Renders, and writes what is different. Rejects when it should be tried again. */
  publish(key: ObjectKey): Promise<void>;
  state(key: ObjectKey): PolicyState | undefined;
}

interface PoliciesOptions {
  readonly world: World;
  readonly writer: Writer;
  readonly settings: Pick<OperatorSettings, 'clusterName' | 'gateway' | 'ingress'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A policy has come to be: all gateways of the server are to serve it. */
  /** What a server that may sleep told of itself, packed; undefined while that is not known. */
  readonly definitionsOf: (server: MCPServer) => string | undefined;
  readonly onPublished: (server: ObjectKey, revision: string) => void;
  /** What `state` says has changed. */
  readonly onState: (server: ObjectKey) => void;
}

export function createPolicies(options: PoliciesOptions): Policies {
  const { world, writer, settings, clock, log } = options;
  const states = new Map<string, PolicyState>();

  function setState(key: ObjectKey, state: PolicyState): void {
    const before = states.get(keyText(key));
    states.set(keyText(key), state);
    if (before?.revision !== state.revision || before?.refused?.message !== state.refused?.message)
      options.onState(key);
  }

  async function publish(key: ObjectKey): Promise<void> {
    const server = world.server(key);
    // The ConfigMaps of a server that is gone go with it.
    if (server === undefined || server.metadata.deletionTimestamp !== undefined)
      return void states.delete(keyText(key));
    const conflict = world.paths.conflict(server) ?? world.names.conflict(server);
    if (conflict !== undefined) {
      // Two servers on one path, or behind one Service, would be one to callers.
      await writer.prune(partsOf(key));
      return setState(key, { refused: conflict });
    }
    const { document, warnings } = policyOf(server, world.access, settings.clusterName);
    const previous = partsOf(key);
    const wanted = encoded(server, document, previous);
    if (wanted instanceof AppError) return setState(key, { refused: refusalOf(wanted) });
    try {
      for (const configMap of wanted) await writer.apply(CONFIG_MAPS, configMap, world.owned.get(idOf(configMap)));
    } catch (error) {
      const refusal = asAppError(error);
      if (refusal.code !== 'invalid_resource') throw error;
      return setState(key, { refused: refusalOf(refusal) });
    }
    const ids = new Set(wanted.map(idOf));
    await writer.prune(previous.filter((one) => !ids.has(idOf(one))));
    if (states.get(keyText(key))?.revision !== document.revision)
      for (const { message, fields } of warnings()) log.warn(message, fields);
    options.onPublished(key, document.revision);
    setState(key, { revision: document.revision });
  }

  function encoded(
    server: MCPServer,
    document: ReturnType<typeof policyOf>['document'],
    previous: readonly ConfigMap[],
  ): readonly ConfigMap[] | AppError {
    const placement = placementOf(server, settings);
    const { apiVersion, kind, metadata } = server;
    const owner = {
      apiVersion,
      kind,
      name: metadata.name,
      uid: metadata.uid ?? '',
      controller: true,
      blockOwnerDeletion: true,
    };
    const maySleep = server.spec.sleep !== undefined && lastingHindrance(server, settings) === undefined;
    const definitions = maySleep ? (options.definitionsOf(server) ?? before(previous)) : undefined;
    try {
      return encodeDelivery({
        document,
        route: {
          ...routeOf(server, settings, world.names.canaryName(server)),
          ...(maySleep ? { may_sleep: true } : {}),
        },
        placement,
        ...(definitions === undefined ? {} : { definitions }),
        publishedAt: clock(),
        ownerReferences: [owner],
        labels: serverLabels(server),
        previous,
      });
    } catch (error) {
      return asAppError(error);
    }
  }

  function partsOf(key: ObjectKey): readonly ConfigMap[] {
    return world.owned.of(key).filter(isPolicyPart);
  }

  return { publish, state: (key) => states.get(keyText(key)) };
}

/** What it told before, until it tells anew: it may be asleep. */
function before(previous: readonly ConfigMap[]): string | undefined {
  return previous.map(packedDefinitions).find((packed) => packed !== undefined);
}

export function isPolicyPart(object: KubeObject): object is ConfigMap {
  return object.kind === 'ConfigMap' && object.metadata.labels?.[LABELS.part] === PARTS.policy;
}

function refusalOf({ code, message, next }: AppError): Blocked {
  return { reason: toConditionReason(code), message: next === undefined ? message : `${message}; ${next}` };
}
