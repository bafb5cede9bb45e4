import { createHash } from 'node:crypto';
import { CLUSTER, FIELD_MANAGERS, type MCPServer, type ObjectKey, keyOf, keyText } from '@mcp-runtime/api';
import { type Clock, type FloodGate, type Logger, createFloodGate } from '@mcp-runtime/base';
import { EVENTS, type ResourceClient } from '@mcp-runtime/kube';
import { type News } from './news.ts';

/** Makes Kubernetes Events. One that is said again is counted, not made again; too many of one server are left out. */
export interface Recorder {
  record(server: MCPServer, news: News): void;
  forget(server: ObjectKey): void;
}

/** As the event recorders of Kubernetes itself: 25 at once, then one in five minutes. */
const RATE = { burst: 25, perSecond: 1 / 300 };
const MAX_MESSAGE = 1024;
/** Events are kept for about an hour; what was said before that is news again. */
const REMEMBERED_MS = 3_600_000;

interface Said {
  readonly name: string;
  readonly first: string;
  count: number;
  at: number;
}

export function createRecorder(client: ResourceClient, clock: Clock, log: Logger): Recorder {
  const gates = new Map<string, FloodGate<'event'>>();
  const said = new Map<string, Map<string, Said>>();

  function saidNow(server: MCPServer, { reason, message }: News): Said {
    const now = clock();
    const bySame = said.get(keyText(keyOf(server))) ?? new Map<string, Said>();
    said.set(keyText(keyOf(server)), bySame);
    for (const [text, { at }] of bySame) if (now - at > REMEMBERED_MS) bySame.delete(text);
    const text = `${server.metadata.uid ?? ''} ${reason} ${message}`;
    const before = bySame.get(text);
    const one = before ?? { name: nameOf(server, text, now), first: timeOf(now), count: 0, at: now };
    one.count += 1;
    one.at = now;
    bySame.set(text, one);
    return one;
  }

  return {
    record: (server, news) => {
      const id = keyText(keyOf(server));
      const gate = gates.get(id) ?? createFloodGate<'event'>(RATE, clock);
      gates.set(id, gate);
      if (!gate.pass('event')) return;
      const event = eventOf(server, news, saidNow(server, news), timeOf(clock()));
      // Whoever reads along misses a line; the condition says the same.
      client
        .apply(EVENTS, event, { fieldManager: FIELD_MANAGERS.operator, force: 'force' })
        .catch((error: unknown) => log.debug('an event could not be recorded', { server: id, error: String(error) }));
    },
    forget: (server) => {
      gates.delete(keyText(server));
      said.delete(keyText(server));
    },
  };
}

function eventOf(
  { apiVersion, kind, metadata }: MCPServer,
  { type, reason, message }: News,
  said: Said,
  now: string,
): object {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: said.name },
    involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    source: { component: CLUSTER.operator },
    reportingComponent: CLUSTER.operator,
    firstTimestamp: said.first,
    lastTimestamp: now,
    count: said.count,
  };
}

function nameOf({ metadata }: MCPServer, text: string, now: number): string {
  const hash = createHash('sha256').update(`${text} ${now}`).digest('hex').slice(0, 16);
  return `${metadata.name.slice(0, 200).replace(/[-.]+$/, '')}.${hash}`;
}

/** As Kubernetes writes a `Time`: whole seconds. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
