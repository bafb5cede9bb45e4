import { type Payload } from './protocol.ts';

/** The texts that a server of the benchmark sends and the load expects: made in one place, so that each byte is compared. */

/** An answer is this around the id of its call. */
export const ANSWER_START = '{"jsonrpc":"2.0","id":';

/** What follows the id, for a result whose text has `bytes` bytes. */
export function answerEnd(bytes: number): string {
  return `,"result":{"content":[{"type":"text","text":"${'x'.repeat(bytes)}"}]}}`;
}

const NOTICE_TEXT = 'x'.repeat(64);

/** An event with a notification of progress, about 200 bytes. */
export function progressEvent(index: number, total: number): string {
  const params = `{"progressToken":"t","progress":${index},"total":${total},"message":"${NOTICE_TEXT}"}`;
  return `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n\n`;
}

export function lastEvent(id: string): string {
  return `event: message\ndata: ${ANSWER_START}${id}${answerEnd(100)}\n\n`;
}

export const LISTED_TOOLS = 1000;

/** What follows the id of the answer to a list of a thousand tools, all of them or those with an even number. */
export function listEnd(shows: 'all' | 'even'): string {
  const step = shows === 'even' ? 2 : 1;
  const tools = Array.from({ length: LISTED_TOOLS / step }, (_, index) => listedTool(index * step));
  return `,"result":{"tools":[${tools.join(',')}]}}`;
}

function listedTool(index: number): string {
  const path = '{"type":"string","description":"Path of the file below the root of the server"}';
  const schema = `{"type":"object","properties":{"path":${path},"lines":{"type":"integer"}},"required":["path"]}`;
  return `{"name":"${index}","description":"Reads report ${index} and says what is in it","inputSchema":${schema}}`;
}

/** The tool whose call is answered as the payload asks. */
export function toolOf({ answer }: Payload): string {
  switch (answer.kind) {
    case 'json':
      return `read-${answer.bytes}`;
    case 'events':
      return `${answer.atOnce ? 'burst' : 'stream'}-${answer.count}`;
    case 'list':
      return 'list-0';
    case 'denial':
      return 'write';
  }
}

/** Every byte of the answer's body; undefined where it is only looked into. */
export function expectedBody({ answer }: Payload, id: number): string | undefined {
  switch (answer.kind) {
    case 'json':
      return `${ANSWER_START}${id}${answerEnd(answer.bytes)}`;
    case 'events': {
      const notices = Array.from({ length: answer.count - 1 }, (_, index) => progressEvent(index + 1, answer.count));
      return notices.join('') + lastEvent(String(id));
    }
    case 'list':
      return `${ANSWER_START}${id}${listEnd(answer.shows)}`;
    case 'denial':
      return undefined;
  }
}
