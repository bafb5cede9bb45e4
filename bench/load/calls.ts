import { type Load, type Payload } from '../lab/protocol.ts';
import { ANSWER_START, expectedBody, toolOf } from '../lab/texts.ts';

export interface Call {
  /** Head and body. */
  readonly request: string;
  isAnsweredBy(body: Buffer): boolean;
}

/** Calls with an id of their own each. `session` is that of MCP, '' for none. */
export function callsOf(load: Load, session: string): { next(): Call } {
  const { payload, inSession, toolPrefix } = load;
  const head = headOf(load, session);
  const isList = payload.answer.kind === 'list' && payload.answer.shows === 'even';
  const start = '{"jsonrpc":"2.0","id":';
  const call = `,"method":"tools/call","params":{"name":"${toolPrefix}${toolOf(payload)}","arguments":{"path":"/reports/2026/q3.txt","lines":40`;
  const note = payload.requestBytes - start.length - call.length - 24;
  const end = isList ? ',"method":"tools/list"}' : `${call}${note > 0 ? `,"note":"${'x'.repeat(note)}"` : ''}}}}`;
  const isExpected = inSession ? sameValue(payload) : sameBytes(payload);
  let last = 0;
  return {
    next: () => {
      const id = ++last;
      const body = `${start}${id}${end}`;
      return { request: `${head}${body.length}\r\n\r\n${body}`, isAnsweredBy: (answer) => isExpected(answer, id) };
    },
  };
}

/** Up to the length of the body. */
export function headOf({ url, token }: Load, session: string): string {
  const { host, pathname } = new URL(url);
  return [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    'mcp-protocol-version: 2025-11-25',
    ...(token === '' ? [] : [`authorization: Bearer ${token}`]),
    ...(session === '' ? [] : [`mcp-session-id: ${session}`]),
    'content-length: ',
  ].join('\r\n');
}

type IsExpected = (body: Buffer, id: number) => boolean;

/** Every byte, but built once: what is around the id does not change. */
function sameBytes(payload: Payload): IsExpected {
  const { answer } = payload;
  if (answer.kind === 'denial') return (body, id) => hasDenial(body.toString('latin1'), id, answer.reason);
  const [before = '', after = ''] = (expectedBody(payload, 0) ?? '').split(`${ANSWER_START}0`);
  const start = Buffer.from(before + ANSWER_START);
  const end = Buffer.from(after);
  return (body, id) => {
    const text = String(id);
    const middle = start.length + text.length;
    if (body.length !== middle + end.length) return false;
    if (body.compare(start, 0, start.length, 0, start.length) !== 0) return false;
    return body.toString('latin1', start.length, middle) === text && body.compare(end, 0, end.length, middle) === 0;
  };
}

/** For proxies that write the answer anew: the same result under the same id, as JSON or as an event. */
function sameValue({ answer }: Payload): IsExpected {
  const bytes = answer.kind === 'json' ? answer.bytes : 0;
  const text = 'x'.repeat(bytes);
  return (body, id) => {
    const written = body.toString('latin1');
    const data = /^data: ?(.*)$/m.exec(written)?.[1] ?? written;
    const value: { id?: unknown; result?: { content?: readonly { text?: unknown }[] } } = JSON.parse(data);
    return value.id === id && value.result?.content?.[0]?.text === text;
  };
}

function hasDenial(body: string, id: number, reason: string): boolean {
  return body.startsWith(`${ANSWER_START}${id},"error"`) && body.includes(`"reason":"${reason}"`);
}
