// The server behind every proxy: answers each tool call at once with as much text as the call's name asks for.
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { ANSWER_START, answerEnd } from '../lab/answer-text.ts';
import { answerQuestions } from '../lab/answering.ts';
import { listen } from '../lab/listen.ts';

const CALL = /"id":(\d+),.*"name":"read-(\d+)"/;
const ends = new Map<string, string>();
const seen = { calls: 0, connections: 0 };

const { server, url } = await listen(serve);
server.on('connection', () => (seen.connections += 1));
answerQuestions(url, { seen: () => seen });

function serve(request: IncomingMessage, response: ServerResponse): void {
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (part: string) => (body += part));
  request.on('end', () => {
    seen.calls += 1;
    const [, id = '', bytes = ''] = CALL.exec(body) ?? [];
    const text = `${ANSWER_START}${id}${endOf(bytes)}`;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.end(text, 'latin1');
  });
}

function endOf(bytes: string): string {
  const known = ends.get(bytes) ?? answerEnd(Number(bytes));
  ends.set(bytes, known);
  return known;
}
