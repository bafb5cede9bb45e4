import { ANSWER_START, answerEnd } from '../lab/answer-text.ts';
import { type Load } from '../lab/protocol.ts';

export interface Call {
  /** Head and body. */
  readonly request: string;
  isAnsweredBy(answer: string): boolean;
}

/** Tool calls with an id of their own each. */
export function callsOf({ url, token, tool, expect }: Load): { next(): Call } {
  const { host, pathname } = new URL(url);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    'mcp-protocol-version: 2025-11-25',
    ...(token === '' ? [] : [`authorization: Bearer ${token}`]),
    'content-length: ',
  ].join('\r\n');
  const start = '{"jsonrpc":"2.0","id":';
  const end = `,"method":"tools/call","params":{"name":"${tool}","arguments":{"path":"/reports/2026/q3.txt","lines":40}}}`;
  const expectedEnd = expect.kind === 'result' ? answerEnd(expect.bytes) : undefined;
  let last = 0;
  return {
    next: () => {
      const id = ++last;
      const body = `${start}${id}${end}`;
      return {
        request: `${head}${body.length}\r\n\r\n${body}`,
        isAnsweredBy: (answer) => {
          if (expectedEnd !== undefined) return answer === `${ANSWER_START}${id}${expectedEnd}`;
          return expect.kind === 'denial' && hasDenial(answer, id, expect.reason);
        },
      };
    },
  };
}

function hasDenial(answer: string, id: number, reason: string): boolean {
  return answer.startsWith(`${ANSWER_START}${id},"error"`) && answer.includes(`"reason":"${reason}"`);
}
