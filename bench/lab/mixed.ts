import { setTimeout as delay } from 'node:timers/promises';

/** What became of the work, by kind: how often it went as it should, and how often the server or the gateway was away. */
export interface Counts {
  readonly [kind: string]: { readonly done: number; readonly failed: number };
}

interface MixedLoad {
  /** Resolves when all that is under way has ended. */
  stop(): Promise<Counts>;
}

interface Given {
  readonly url: string;
  readonly token: (session: number) => string;
  /** Pieces of work that begin in a second. */
  readonly rate: number;
}

type Work = (session: number) => Promise<boolean>;

const STREAM_MS = 5000;
const CANCEL_AFTER_MS = 50;

/** Calls, lists, events, denials, cancellations and streams that come and go, in the shares of `MIX`. */
export function startMixedLoad({ url, token, rate }: Given): MixedLoad {
  const ended = new AbortController();
  const running = new Set<Promise<void>>();
  const counts: Record<string, { done: number; failed: number }> = {};

  const headers = (session: number): Record<string, string> => ({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token(session % 10)}`,
  });
  let lastId = 0;
  const post = async (session: number, method: string, params: object, signal?: AbortSignal): Promise<string> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++lastId, method, params });
    const answer = await fetch(url, { method: 'POST', headers: headers(session), body, ...(signal ? { signal } : {}) });
    return answer.text();
  };
  const call = (session: number, name: string, signal?: AbortSignal): Promise<string> =>
    post(session, 'tools/call', { name, arguments: { note: 'x'.repeat(900) } }, signal);

  const stream: Work = async (session) => {
    const signal = AbortSignal.any([AbortSignal.timeout(STREAM_MS), ended.signal]);
    const answer = await fetch(url, { headers: { ...headers(session), accept: 'text/event-stream' }, signal });
    await answer.text().catch(() => '');
    return answer.status === 200;
  };
  const canceled: Work = async (session) => {
    const text = await call(session, 'slow-0', AbortSignal.timeout(CANCEL_AFTER_MS)).catch(() => 'gone');
    return text === 'gone';
  };
  const kinds: Readonly<Record<string, Work>> = {
    call: async (session) => (await call(session, 'read-1024')).includes('"result"'),
    long: async (session) => (await call(session, 'read-1048576')).length > 1_048_576,
    events: async (session) => (await call(session, 'stream-100')).includes('"result"'),
    list: async (session) => (await post(session, 'tools/list', {})).includes('"tools"'),
    denied: async (session) => (await call(session, 'write')).includes('"error"'),
    canceled,
    stream,
  };

  const begin = async (kind: string, session: number): Promise<void> => {
    const count = (counts[kind] ??= { done: 0, failed: 0 });
    const isDone = await kinds[kind]?.(session).catch(() => false);
    if (isDone === true) count.done += 1;
    else count.failed += 1;
  };
  const beginAll = async (): Promise<void> => {
    const began = performance.now();
    for (let number = 0; !ended.signal.aborted; number++) {
      const wait = began + (number * 1000) / rate - performance.now();
      if (wait > 0) await delay(wait);
      const one = begin(MIX[number % MIX.length] ?? 'call', number).finally(() => running.delete(one));
      running.add(one);
    }
  };
  const all = beginAll();
  return {
    stop: async () => {
      ended.abort();
      await all;
      await Promise.all(running);
      return counts;
    },
  };
}

const MIX = [
  'call',
  'stream',
  'call',
  'list',
  'call',
  'denied',
  'call',
  'events',
  'call',
  'canceled',
  'call',
  'call',
  'stream',
  'call',
  'denied',
  'call',
  'call',
  'list',
  'call',
  'long',
] as const;
