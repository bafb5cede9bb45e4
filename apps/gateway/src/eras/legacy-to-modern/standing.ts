import { type Logger, isRecord } from '@mcp-runtime/base';
import { META_KEYS, memberText, withMembers } from '@mcp-runtime/mcp';
import { type AnswerReceiver, type Upstream } from '../../upstream/port.ts';
import { type Passage } from '../passage.ts';
import { readAnswer } from './answer.ts';
import { converse } from './converse.ts';
import { type Envelope, requestOf } from './envelope.ts';
import { type Filter, Listening } from './listening.ts';
import { Outlet } from '../outlet.ts';
import { modernHeaders } from './server-side.ts';

export interface StandingPorts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly log: Logger;
  readonly maxMessageBytes: number;
}

/** The GET stream of a client, and the subscription at the server that feeds it. */
export interface Standing {
  /** Listens for these resources too from now on. Resolves with those that the server tells about. */
  watch(uris: readonly string[]): Promise<readonly string[]>;
  /** Ends the stream. */
  close(): void;
  /** Stops: nobody listens to the stream any more. */
  abandon(): void;
}

const LISTEN = 'subscriptions/listen';

export function openStanding(
  passage: Passage,
  receiver: AnswerReceiver,
  envelope: Envelope,
  uris: readonly string[],
  ports: StandingPorts,
): Standing {
  const { upstream, log, maxMessageBytes } = ports;
  const outlet = new Outlet(receiver);
  let count = 0;
  const listening = new Listening({
    open: async (filter: Filter, hearing, signal) => {
      count += 1;
      const id = `listen-${count}`;
      const body = Buffer.from(requestOf(id, LISTEN, { notifications: filter }, envelope));
      const headers = modernHeaders(passage.request.headers, LISTEN);
      const request = { method: 'POST', headers, body, idleTimeoutMs: 0 } as const;
      const conversation = { target: passage.target, request, signal, maxBytes: maxMessageBytes };
      return readAnswer(await converse(upstream, conversation, hearing), id);
    },
    onNotice: (text) => {
      const notice = noticeIn(text);
      if (notice === undefined) log.debug('a notice of a subscription was dropped', { target: passage.target.href });
      else outlet.say(notice);
    },
    onFlow: (flow) => outlet.follow(flow),
    log,
  });
  outlet.open();
  listening.start(uris);
  return {
    watch: async (watched) => (await listening.change(watched)).resourceSubscriptions ?? [],
    close: () => {
      listening.stop();
      outlet.close();
    },
    abandon: () => {
      listening.stop();
      outlet.abandon();
    },
  };
}

const LIST_CHANGES: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
]);

/** A notification as legacy clients know it; undefined for what does not belong on the stream of a subscription. */
function noticeIn(text: string): string | undefined {
  const said = parsed(text);
  const { method, params = {} } = isRecord(said) ? said : {};
  if (typeof method !== 'string' || !isRecord(params) || (isRecord(said) && 'id' in said)) return undefined;
  const isUpdate = method === 'notifications/resources/updated' && typeof params['uri'] === 'string';
  return LIST_CHANGES.has(method) || isUpdate ? withoutSubscription(text) : undefined;
}

/** The subscription is the gateway's: its id says nothing to the client. */
function withoutSubscription(text: string): string {
  const params = memberText(text, 'params');
  const meta = params === undefined ? undefined : memberText(params, '_meta');
  if (params === undefined || meta === undefined) return text;
  const left = withMembers(meta, { [META_KEYS.subscriptionId]: undefined });
  return withMembers(text, { params: withMembers(params, { _meta: left === '{}' ? undefined : left }) });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
