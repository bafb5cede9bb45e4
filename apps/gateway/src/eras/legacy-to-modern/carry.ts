import { randomUUID } from 'node:crypto';
import { type Logger, isRecord, signalAfter } from '@mcp-runtime/base';
import { memberText, mirroredName, readJsonText } from '@mcp-runtime/mcp';
import { type Upstream } from '../../upstream/port.ts';
import { type ModernAnswer, legacyError, legacyResult, readAnswer } from './answer.ts';
import { askClient } from './ask-client.ts';
import { type Call, envelopeOf, giveError, giveResult, placeOf, refuse } from './call.ts';
import { converse } from './converse.ts';
import { retryOf, toModern } from './envelope.ts';
import { paramHeaders } from './param-headers.ts';
import { completionNotice } from './questions.ts';
import { askServer, modernHeaders, unreadable } from './server-side.ts';
import { type ToolHeaders } from './tool-headers.ts';

export interface CarryPorts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly tools: ToolHeaders;
  readonly log: Logger;
  readonly limits: {
    readonly maxMessageBytes: number;
    /** For all questions of one call together, milliseconds. */
    readonly questionTimeoutMs: number;
  };
}

/** Rounds of questions that a server may make of one request. */
const MAX_ROUNDS = 10;
const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;

/** Takes a legacy request to a server of MCP 2026-07-28 and answers it. Rejects with an AppError, or the signal's reason. */
export async function carry(call: Call, ports: CarryPorts): Promise<void> {
  const { message } = call;
  let body = toModern(call.passage.exchange.body.toString('utf8'), envelopeOf(call));
  let id = message.id;
  let late: AbortSignal | undefined;
  let hasListedAgain = false;
  const visited: string[] = [];
  for (let round = 0; round <= MAX_ROUNDS;) {
    const answer = readAnswer(await send(call, body, ports), id);
    if (!hasListedAgain && isStale(call, answer)) {
      // The arguments that the tool wants mirrored have changed: the server has refused the call before it ran.
      ports.tools.forget(placeOf(call.passage));
      hasListedAgain = true;
      continue;
    }
    if (answer.kind !== 'asks') return finish(call, answer, visited, ports);
    if (round === MAX_ROUNDS) return refuse(call, 'the MCP server asked too many times');
    round += 1;
    late ??= signalAfter(ports.limits.questionTimeoutMs);
    const asked = await askClient(call, answer, late, randomUUID);
    if (!asked.ok) return refuse(call, asked.why);
    visited.push(...asked.visited);
    id = randomUUID();
    body = retryOf(body, id, asked.answers);
  }
}

function isStale({ message }: Call, answer: ModernAnswer): boolean {
  return answer.kind === 'error' && answer.code === HEADER_MISMATCH && message.method === 'tools/call';
}

async function send(call: Call, body: string, ports: CarryPorts): Promise<Buffer> {
  const { passage, message, outlet, signal } = call;
  const { target, request } = passage;
  const headers = {
    ...modernHeaders(request.headers, message.method, mirroredName(message.method, message.params)),
    ...(await mirroredArguments(call, body, ports)),
  };
  const posted = { ...request, headers, body: Buffer.from(body) };
  const heard = listenTo(call, body, ports.log);
  const conversation = { target, request: posted, signal, maxBytes: ports.limits.maxMessageBytes };
  try {
    return await converse(ports.upstream, conversation, { onMessage: heard, onFlow: (flow) => outlet.follow(flow) });
  } finally {
    outlet.follow(undefined);
  }
}

async function mirroredArguments(call: Call, body: string, ports: CarryPorts): Promise<Record<string, string>> {
  const { passage, message, signal } = call;
  const { name } = message.params;
  if (message.method !== 'tools/call' || typeof name !== 'string') return {};
  const { upstream, limits, tools } = ports;
  const envelope = envelopeOf(call);
  const mirrored = await tools.of(placeOf(passage), name, async (cursor) => {
    const params = cursor === undefined ? {} : { cursor: JSON.parse(cursor) };
    const asked = { method: 'tools/list', params, envelope, signal };
    const answer = await askServer(passage, asked, { upstream, maxMessageBytes: limits.maxMessageBytes });
    if (answer.kind === 'complete') return answer.result;
    // A server without a list has nothing that it wants mirrored.
    if (answer.kind === 'error') return '{}';
    throw unreadable();
  });
  return paramHeaders(mirrored, memberText(memberText(body, 'params') ?? '{}', 'arguments'));
}

/** Passes on what belongs to the request: MCP 2026-07-28 allows nothing else on its stream, and no requests at all. */
function listenTo(call: Call, body: string, log: Logger): (text: string) => void {
  const meta = memberText(memberText(body, 'params') ?? '{}', '_meta') ?? '{}';
  const token = memberText(meta, 'progressToken');
  const expected: unknown = token === undefined ? undefined : JSON.parse(token);
  let last = Number.NEGATIVE_INFINITY;

  function isProgress(params: Readonly<Record<string, unknown>>): boolean {
    const { progressToken, progress } = params;
    if (expected === undefined || progressToken !== expected || typeof progress !== 'number') return false;
    const isFurther = progress > last;
    last = Math.max(last, progress);
    return isFurther;
  }

  return (text) => {
    const read = readJsonText(Buffer.from(text), { maxDepth: MAX_DEPTH });
    const said = read.ok && isRecord(read.value) ? read.value : {};
    const { method } = said;
    const params = isRecord(said['params']) ? said['params'] : {};
    if (typeof method !== 'string' || Object.hasOwn(said, 'id')) {
      log.warn('a server of MCP 2026-07-28 sent what is no notification', { target: call.passage.target.href });
    } else if (method === 'notifications/progress') {
      if (isProgress(params)) call.outlet.say(text);
    } else if (method !== 'notifications/message' || call.live.logLevel !== undefined) call.outlet.say(text);
  };
}

const MAX_DEPTH = 128;

function finish(
  call: Call,
  answer: Exclude<ModernAnswer, { kind: 'asks' }>,
  visited: readonly string[],
  { log }: CarryPorts,
): void {
  const { message, outlet, passage } = call;
  const where = { target: passage.target.href, method: message.method, requestId: passage.exchange.requestId };
  if (answer.kind === 'unreadable') {
    log.warn('an answer of a server of MCP 2026-07-28 cannot be read', { ...where, why: answer.why });
    throw unreadable();
  }
  if (answer.kind === 'complete') {
    for (const elicitationId of visited) outlet.say(completionNotice(elicitationId));
    return giveResult(call, legacyResult(message.method, answer.result));
  }
  const { error, isOurs } = legacyError(message.method, answer);
  if (isOurs) log.warn('a server of MCP 2026-07-28 refused what the gateway sent', { ...where, code: answer.code });
  const isLacking = answer.code === MISSING_CAPABILITY && message.method === 'tools/call';
  if (isLacking) refuse(call, lackOf(answer.data));
  else giveError(call, error);
}

/** What the client would have to support, in words that a model can act on. */
function lackOf(data: unknown): string {
  const required = isRecord(data) && isRecord(data['requiredCapabilities']) ? data['requiredCapabilities'] : {};
  const names = Object.keys(required).map((name) => `\`${name.slice(0, 64)}\``);
  const what = names.length === 0 ? 'something' : names.slice(0, 8).join(', ');
  return `the MCP server asks for ${what}, which the client does not support`;
}
