// The server behind every proxy: answers each call at once, in the way that its name asks for.
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { answerQuestions, givenArgument } from '../lab/answering.ts';
import { listen } from '../lab/listen.ts';
import { ANSWER_START, answerEnd, lastEvent, listEnd, progressEvent } from '../lab/texts.ts';

const QUESTION = /"id":(\d+),"method":"tools\/(list|call)"(?:,"params":\{"name":"(\w+)-(\d+)")?/;
const Other = z.object({ id: z.union([z.string(), z.number()]).optional(), method: z.string() });
type Other = z.infer<typeof Other>;
const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'bench', version: '1' },
};
const SLOW_MS = 300;
const LIST = listEnd('all');
const LIST_CHANGED = 'data: {"jsonrpc":"2.0","method":"notifications/resources/list_changed"}\n\n';
const ends = new Map<string, string>();
const seen = { calls: 0, connections: 0 };
const streams = new Set<ServerResponse>();

const given = z.object({ port: z.number() }).nullable().parse(givenArgument());
const { server, url } = await listen(serve, given?.port);
server.on('connection', () => (seen.connections += 1));
answerQuestions(url, {
  seen: () => seen,
  notify: () => {
    for (const stream of streams) stream.write(LIST_CHANGED);
    return {};
  },
});

function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') return openStream(response);
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (part: string) => (body += part));
  request.on('end', () => {
    const question = QUESTION.exec(body);
    if (question === null) return sendOther(response, Other.parse(JSON.parse(body)));
    seen.calls += 1;
    const [, id = '', , kind = 'list', size = ''] = question;
    if (kind === 'stream' || kind === 'burst') void sendEvents(response, id, Number(size), kind);
    else if (kind === 'slow') setTimeout(() => sendJson(response, `${ANSWER_START}${id}${endOf('100')}`), SLOW_MS);
    else sendJson(response, `${ANSWER_START}${id}${kind === 'list' ? LIST : endOf(size)}`);
  });
}

/** What a client asks before it calls tools. */
function sendOther(response: ServerResponse, { id, method }: Other): void {
  if (id === undefined) return void response.writeHead(202).end();
  const result = method === 'initialize' ? INITIALIZED : {};
  sendJson(response, JSON.stringify({ jsonrpc: '2.0', id, result }));
}

function openStream(response: ServerResponse): void {
  streams.add(response);
  response.on('close', () => streams.delete(response));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
}

function sendJson(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text, 'latin1');
}

async function sendEvents(
  response: ServerResponse,
  id: string,
  count: number,
  kind: 'stream' | 'burst',
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let index = 1; index < count; index++) {
    response.write(progressEvent(index, count), 'latin1');
    if (kind === 'stream') await new Promise((resolve) => setImmediate(resolve));
  }
  response.end(lastEvent(id), 'latin1');
}

function endOf(bytes: string): string {
  const known = ends.get(bytes) ?? answerEnd(Number(bytes));
  ends.set(bytes, known);
  return known;
}
