import { AppError } from '@mcp-runtime/api';
import { type Call, giveError, giveResult } from './call.ts';

/** Of RFC 5424, as `logging/setLevel` names them. */
const LEVELS: readonly unknown[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
const MAX_URIS = 256;
const UNSUBSCRIBED = 'the MCP server did not take the subscription';
const INVALID_PARAMS = -32602;
const METHOD_NOT_FOUND = -32601;

/** What is answered without a request to the server, or not as one. */
const LOCAL: ReadonlyMap<string, (call: Call) => void | Promise<void>> = new Map([
  ['ping', (call: Call) => giveResult(call, '{}')],
  ['logging/setLevel', setLevel],
  ['resources/subscribe', subscribe],
  ['resources/unsubscribe', unsubscribe],
]);

/** Why a request cannot be carried to a server of MCP 2026-07-28; undefined when it can. */
function strangeness({ method, params }: Call['message']): string | undefined {
  if (method.startsWith('tasks/')) return 'tasks are not carried to a server of MCP 2026-07-28';
  if (params['task'] !== undefined) return 'a call cannot become a task at a server of MCP 2026-07-28';
  if (method === 'server/discover' || method === 'subscriptions/listen') {
    return `\`${method}\` belongs to MCP 2026-07-28, and this session to a version before it`;
  }
  return undefined;
}

/** Serves a request that is not carried, and tells whether it was one. */
export async function serveLocally(call: Call): Promise<'served' | 'to be carried'> {
  const why = strangeness(call.message);
  if (why !== undefined) {
    say(call, METHOD_NOT_FOUND, why);
    return 'served';
  }
  const serve = LOCAL.get(call.message.method);
  if (serve === undefined) return 'to be carried';
  await serve(call);
  return 'served';
}

/** The level travels with every request from now on (MCP 2026-07-28, "Logging"). */
function setLevel(call: Call): void {
  const { level } = call.message.params;
  if (typeof level !== 'string' || !LEVELS.includes(level)) {
    say(call, INVALID_PARAMS, `\`level\` must be one of ${LEVELS.map(String).join(', ')}`);
    return;
  }
  call.live.logLevel = level;
  giveResult(call, '{}');
}

async function subscribe(call: Call): Promise<void> {
  const { live, message } = call;
  const { uri } = message.params;
  if (typeof uri !== 'string') return say(call, INVALID_PARAMS, '`uri` must be a string');
  const isNew = !live.uris.has(uri);
  if (isNew && live.uris.size >= MAX_URIS) {
    return say(call, INVALID_PARAMS, `a session can subscribe to ${MAX_URIS} resources`);
  }
  live.uris.add(uri);
  if (live.standing === undefined || !isNew) return giveResult(call, '{}');
  try {
    const watched = await live.standing.watch([...live.uris]);
    if (watched.includes(uri)) return giveResult(call, '{}');
    live.uris.delete(uri);
    say(call, INVALID_PARAMS, 'the MCP server does not tell about changes of that resource');
  } catch (error) {
    live.uris.delete(uri);
    throw error instanceof AppError ? error : new AppError('upstream_unavailable', UNSUBSCRIBED, { cause: error });
  }
}

async function unsubscribe(call: Call): Promise<void> {
  const { live, message } = call;
  const { uri } = message.params;
  if (typeof uri === 'string' && live.uris.delete(uri)) await live.standing?.watch([...live.uris]).catch(() => []);
  giveResult(call, '{}');
}

function say(call: Call, code: number, message: string): void {
  const data = { requestId: call.passage.exchange.requestId };
  giveError(call, JSON.stringify({ code, message, data }));
}
