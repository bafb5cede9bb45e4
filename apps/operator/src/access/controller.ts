import {
  FIELD_MANAGERS,
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type ObjectKey,
  asAppError,
  keyOf,
  keyText,
} from '@mcp-runtime/api';
import { type Clock, type Logger, type Running, closeOnce } from '@mcp-runtime/base';
import { GRANTS, SESSIONS } from '@mcp-runtime/control-plane';
import { type ResourceClient, type StateChange, type StateView } from '@mcp-runtime/kube';
import { createPacedQueue } from './paced-queue.ts';
import { type Retention, removalAt } from './retention.ts';
import { Schedule } from './schedule.ts';
import { ServerIndex } from './server-index.ts';
import { type AccessObject, accessStatus, saysTheSame, serverKeyOf } from './status.ts';
import { createScheduleTimer } from './timer.ts';

export interface AccessViews {
  readonly servers: Pick<StateView<MCPServer>, 'get'>;
  readonly grants: Pick<StateView<MCPAccessGrant>, 'get' | 'all'>;
  readonly sessions: Pick<StateView<MCPAgentSession>, 'get' | 'all'>;
}

export interface AccessOptions {
  readonly client: ResourceClient;
  readonly retention: Retention;
  /** Statuses and removals that are written in a second, when there is much to write. */
  readonly writesPerSecond?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Says on grants and sessions how they stand, and removes sessions that expired long ago. One at a time for a store. */
export interface AccessController extends Running {
  /** After a change of the views, in order; changes before `start` are part of it. */
  onServer(change: StateChange<MCPServer>): void;
  onAccess(change: StateChange<MCPAccessGrant> | StateChange<MCPAgentSession>): void;
  /** Looks at every object. Only when the views are whole: what is not in them is taken not to exist. */
  start(): void;
  /** How many grants and sessions wait to be looked at or written. */
  pending(): number;
}

const WRITES_PER_SECOND = 50;
const CONCURRENCY = 4;
const BACKOFF = { initialMs: 500, factor: 2, maxMs: 30_000 };

export function createAccessController(views: AccessViews, options: AccessOptions): AccessController {
  const { client, retention, clock, log } = options;
  const index = new ServerIndex();
  const schedule = new Schedule();
  const facts = new Map<string, string>();
  let hasStarted = false;

  const look = (id: string): void => {
    if (hasStarted) queue.add(id, 'urgent');
  };
  const timer = createScheduleTimer(schedule, clock, (ids) => ids.forEach(look));
  const queue = createPacedQueue({
    decide,
    writesPerSecond: options.writesPerSecond ?? WRITES_PER_SECOND,
    concurrency: CONCURRENCY,
    backoff: BACKOFF,
    onError: (id, error) =>
      log.warn('writing a status failed and is tried again', { object: id, error: String(error) }),
  });

  function decide(id: string): (() => Promise<void>) | undefined {
    const object = find(id);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
    const now = clock();
    const { status, recheckAt } = accessStatus(object, { server: (key) => views.servers.get(key) }, now);
    const removeAt = object.kind === 'MCPAgentSession' ? removalAt(object, retention, now) : undefined;
    if (!saysTheSame(object.status, status)) {
      plan(id, recheckAt);
      return () => writeStatus(object, status);
    }
    const isDue = removeAt !== undefined && removeAt <= now;
    plan(id, isDue ? recheckAt : earliest(recheckAt, removeAt));
    return isDue ? () => remove(object) : undefined;
  }

  function plan(id: string, at: number | undefined): void {
    schedule.set(id, at);
    timer.update();
  }

  function find(id: string): AccessObject | undefined {
    const { kind, key } = parseId(id);
    return kind === GRANTS.kind ? views.grants.get(key) : views.sessions.get(key);
  }

  function writeStatus(object: AccessObject, status: AccessObject['status']): Promise<void> {
    const as = { fieldManager: FIELD_MANAGERS.operator };
    return unlessChanged(
      object.kind === 'MCPAccessGrant'
        ? client.updateStatus(GRANTS, { ...object, status }, as)
        : client.updateStatus(SESSIONS, { ...object, status }, as),
    );
  }

  /** Exactly what was looked at: a session that was renewed since is another version of it. */
  async function remove({ metadata }: AccessObject): Promise<void> {
    const { uid = '', resourceVersion = '' } = metadata;
    await unlessChanged(client.delete(SESSIONS, keyOf({ metadata }), { uid, resourceVersion }));
  }

  return {
    onServer: ({ type, object }) => {
      const key = keyText(keyOf(object));
      const before = facts.get(key);
      const after = type === 'deleted' ? undefined : factsOf(object);
      if (before === after) return;
      if (after === undefined) facts.delete(key);
      else facts.set(key, after);
      for (const id of index.of(key)) look(id);
    },
    onAccess: ({ type, object }) => {
      const id = idOf(object);
      if (type !== 'deleted') {
        index.put(id, keyText(serverKeyOf(object)));
        return look(id);
      }
      index.remove(id);
      plan(id, undefined);
    },
    start: () => {
      hasStarted = true;
      for (const object of [...views.grants.all(), ...views.sessions.all()]) queue.add(idOf(object), 'backlog');
    },
    pending: () => queue.size(),
    ...closeOnce(async () => {
      timer.stop();
      await queue.close();
    }),
  };
}

/** What of a server the statuses of others depend on: its own status changes more often than that. */
function factsOf({ metadata, status }: MCPServer): string {
  return JSON.stringify([metadata.uid, metadata.generation, status?.tools?.map((tool) => [tool.name, tool.arguments])]);
}

/** Changed or deleted meanwhile: then that change is seen, and this is looked at again. */
async function unlessChanged(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    const { code } = asAppError(error);
    if (code !== 'conflict' && code !== 'not_found') throw error;
  }
}

function idOf(object: AccessObject): string {
  return `${object.kind}/${keyText(keyOf(object))}`;
}

function parseId(id: string): { readonly kind: string; readonly key: ObjectKey } {
  const [kind = '', namespace = '', name = ''] = id.split('/');
  return { kind, key: { namespace, name } };
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
