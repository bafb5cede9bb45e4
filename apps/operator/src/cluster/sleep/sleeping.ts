import { type MCPServer, type ObjectKey, type ServerDefinitions, keyOf, keyText } from '@mcp-runtime/api';
import { type Clock, type Running, closeOnce, isRecord } from '@mcp-runtime/base';
import { durationMs } from '@mcp-runtime/control-plane';
import { packDefinitions } from '@mcp-runtime/delivery';
import { DEPLOYMENTS, type KubeObject } from '@mcp-runtime/kube';
import { type Probing } from '../engine/probing.ts';
import { type World } from '../engine/world.ts';
import { workloadName } from '../plan/names.ts';
import { type OperatorSettings } from '../settings.ts';
import { type SleepDecision, decideSleep } from './decide.ts';
import { type ReadActivity, followActivity } from './follow-activity.ts';
import { lastingHindrance } from './hindrance.ts';
import { idlenessOf } from './idleness.ts';

/** `waking`: it was asleep, and has not answered again yet. */
export type Activity = 'awake' | 'waking' | 'asleep';

/** Which servers sleep. What they are is in their Deployments; nothing else is kept. */
export interface Sleeping extends Running {
  /** From now on this replica decides. */
  start(): void;
  /** Servers, gateways or handshakes may be others now. */
  look(): void;
  activityOf(server: MCPServer): Activity;
  /** What it told of itself as it is now, as it is delivered; undefined when it has not, or told too much. */
  definitionsOf(server: MCPServer): string | undefined;
  forget(server: ObjectKey): void;
  /** How many sleep. */
  count(): number;
}

interface SleepingOptions {
  readonly world: Pick<World, 'server' | 'servers' | 'gateways' | 'autoscaledIn' | 'owned'>;
  readonly probing: Pick<Probing, 'outcome'>;
  readonly settings: Pick<OperatorSettings, 'gateway'>;
  readonly read: ReadActivity;
  readonly clock: Clock;
  /** `because`: what decided it. */
  readonly onChange: (server: ObjectKey, activity: Activity, because: SleepDecision['reason'] | 'Changed') => void;
}

interface State {
  readonly activity: Activity;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly generation: number;
}

export function createSleeping(options: SleepingOptions): Sleeping {
  const { world, probing, settings, clock, onChange } = options;
  const states = new Map<string, State>();
  const packed = new WeakMap<ServerDefinitions, { readonly text: string | undefined }>();
  let role: 'standby' | 'leader' = 'standby';
  let isLooking = false;
  let looking: NodeJS.Immediate | undefined;
  const gateways = followActivity({ read: options.read, clock, onReport: decideAll });

  function stateOf(server: MCPServer): State {
    const key = keyText(keyOf(server));
    const generation = server.metadata.generation ?? 1;
    const before = states.get(key);
    if (before?.generation === generation) return before;
    // A server that is asked for otherwise runs, so that it is seen to work, and tells what it is now.
    const activity = before === undefined && sleptBefore(server) ? 'asleep' : 'awake';
    const state: State = { activity, since: clock(), generation };
    states.set(key, state);
    if (before?.activity === 'asleep') onChange(keyOf(server), activity, 'Changed');
    return state;
  }

  /** What another leader put to sleep goes on sleeping. */
  function sleptBefore(server: MCPServer): boolean {
    if (server.spec.sleep === undefined || lastingHindrance(server, settings) !== undefined) return false;
    if (server.status?.observedGeneration !== server.metadata.generation) return false;
    const name = workloadName(server.metadata.name);
    const deployment = world.owned
      .of(keyOf(server))
      .find(({ kind, metadata }) => kind === DEPLOYMENTS.kind && metadata.name === name);
    return replicasOf(deployment) === 0;
  }

  function definitionsOf(server: MCPServer): string | undefined {
    const outcome = probing.outcome(server);
    const told = outcome?.ok === true ? outcome.handshake.definitions : undefined;
    if (told === undefined) return undefined;
    const known = packed.get(told) ?? { text: packDefinitions(told) };
    packed.set(told, known);
    return known.text;
  }

  function decide(server: MCPServer): void {
    const { spec, metadata } = server;
    const state = stateOf(server);
    const isReady = definitionsOf(server) !== undefined;
    const decision = decideSleep({
      sleepAfterMs: spec.sleep && durationMs(spec.sleep.after),
      hindrance:
        lastingHindrance(server, settings) ??
        (world.autoscaledIn(metadata.namespace).has(workloadName(metadata.name)) ? 'Autoscaled' : undefined),
      state: state.activity === 'asleep' ? 'asleep' : 'awake',
      since: state.since,
      idleness: idlenessOf(keyOf(server), world.gateways(), gateways.reports()),
      isReady,
      now: clock(),
    });
    if (decision.reason === 'Confirming') gateways.refresh();
    const activity = nextOf(state.activity, decision, isReady);
    if (activity === state.activity) return;
    states.set(keyText(keyOf(server)), { ...state, activity, since: clock() });
    onChange(keyOf(server), activity, decision.reason);
  }

  function lookNow(): void {
    isLooking = false;
    gateways.at(world.servers().some(({ spec }) => spec.sleep !== undefined) ? world.gateways() : []);
    decideAll();
  }

  function decideAll(): void {
    for (const server of world.servers()) if (mayEverSleep(server)) decide(server);
  }

  /** What slept when it was still asked to is woken by a look, too. */
  function mayEverSleep(server: MCPServer): boolean {
    return server.spec.sleep !== undefined || states.get(keyText(keyOf(server)))?.activity === 'asleep';
  }

  return {
    start: () => {
      role = 'leader';
      for (const server of world.servers()) stateOf(server);
    },
    look: () => {
      if (role !== 'leader' || isLooking) return;
      isLooking = true;
      // Many change at once.
      looking = setImmediate(lookNow);
    },
    activityOf: (server) => stateOf(server).activity,
    definitionsOf,
    forget: (server) => void states.delete(keyText(server)),
    count: () => [...states.values()].filter(({ activity }) => activity === 'asleep').length,
    ...closeOnce(async () => {
      role = 'standby';
      clearImmediate(looking);
      await gateways.close();
    }),
  };
}

function nextOf(before: Activity, { state }: SleepDecision, isReady: boolean): Activity {
  if (state === 'asleep') return 'asleep';
  if (before === 'asleep') return 'waking';
  return before === 'waking' && !isReady ? 'waking' : 'awake';
}

function replicasOf(deployment: KubeObject | undefined): unknown {
  return isRecord(deployment?.spec) ? deployment.spec['replicas'] : undefined;
}
