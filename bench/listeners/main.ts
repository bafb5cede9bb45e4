// Thousands of clients that listen: each with a stream of its own, counting the notices that come.
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { z } from 'zod';
import { answerQuestions } from '../lab/answering.ts';

const Opening = z.object({ url: z.string(), tokens: z.array(z.string()) });

/** How many connections are made at once: a server's queue of them is short. */
const AT_ONCE = 100;
const PATIENCE_MS = 60_000;
const NOTICE = 'list_changed"';

interface Listener {
  readonly socket: Socket;
  notices: number;
  /** The end of what came, in which a notice may have begun. */
  tail: string;
}

let listeners: readonly Listener[] = [];
let onNotice: () => void = () => {};

answerQuestions('', {
  open: (given) => open(Opening.parse(given)),
  /** Resolves when each stream has had a notice since it was asked before, and counts them. */
  heard: () => heard(),
});

async function open({ url, tokens }: z.infer<typeof Opening>): Promise<{ readonly ms: number }> {
  const began = performance.now();
  const left = tokens.values();
  const opened: Listener[] = [];
  const openAll = async (): Promise<void> => {
    for (const token of left) opened.push(await openOne(url, token));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openAll));
  listeners = opened;
  return { ms: performance.now() - began };
}

async function openOne(url: string, token: string): Promise<Listener> {
  const { hostname, port, host, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  const head = [`GET ${pathname} HTTP/1.1`, `host: ${host}`, 'accept: text/event-stream'];
  socket.setEncoding('latin1');
  socket.write(`${[...head, `authorization: Bearer ${token}`].join('\r\n')}\r\n\r\n`);
  const [first]: unknown[] = await once(socket, 'data');
  if (!String(first).startsWith('HTTP/1.1 200')) throw new Error(`a stream was refused: ${String(first)}`);
  const listener: Listener = { socket, notices: 0, tail: '' };
  socket.on('data', (part: string) => {
    const parts = (listener.tail + part).split(NOTICE);
    listener.tail = (parts.at(-1) ?? '').slice(-NOTICE.length);
    if (parts.length === 1) return;
    listener.notices += parts.length - 1;
    onNotice();
  });
  return listener;
}

async function heard(): Promise<{ readonly missing: number; readonly notices: number }> {
  const missing = (): number => listeners.filter(({ notices }) => notices === 0).length;
  const all = Promise.withResolvers<void>();
  let left = missing();
  onNotice = () => {
    left -= 1;
    if (left > 0) return;
    left = missing();
    if (left === 0) all.resolve();
  };
  const late = setTimeout(all.resolve, PATIENCE_MS);
  if (left > 0) await all.promise;
  clearTimeout(late);
  onNotice = () => {};
  const result = { missing: missing(), notices: listeners.reduce((sum, { notices }) => sum + notices, 0) };
  for (const listener of listeners) listener.notices = 0;
  return result;
}
