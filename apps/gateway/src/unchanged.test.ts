/** What comes out is what went in: to the byte, but for what a view takes out. */
import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bench, startBench, testDocument } from './testing/bench.ts';
import { jsonText, moreMembers, objectText } from './testing/json-spellings.ts';

const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const MODERN = '2026-07-28';
const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
const options = { trustHeadersFrom: ['127.0.0.0/8'] };
const RUNS = { numRuns: 120 };
const TRACE = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=opaque,other=1',
} as const;
const TRACE_META = `"traceparent":"${TRACE.traceparent}","tracestate":"${TRACE.tracestate}","baggage":"k=v"`;

/** Methods with the members that say what they are about. */
const METHODS = [
  ['tools/call', '"name":"read"', 'read'],
  ['prompts/get', '"name":"greet"', 'greet'],
  ['resources/read', '"uri":"file:///a"', 'file:///a'],
  ['tools/list', '"cursor":""', undefined],
  ['completion/complete', '"ref":{"type":"ref/prompt","name":"greet"}', undefined],
] as const;

const requests = fc
  .record({
    about: fc.constantFrom(...METHODS),
    era: fc.constantFrom('legacy', 'modern'),
    input: objectText,
    more: moreMembers,
    meta: moreMembers,
    id: fc.constantFrom('1', '"a"', '"\\u0041"', '-7'),
  })
  .map(({ about: [method, named, name], era, input, more, meta, id }) => {
    const envelope = `,"io.modelcontextprotocol/protocolVersion":"${MODERN}","io.modelcontextprotocol/clientCapabilities":{}`;
    const _meta = `{${TRACE_META}${era === 'modern' ? envelope : ''}${meta}}`;
    const body = `{ "params":{"arguments":${input},${named} ,"_meta":${_meta}${more}},"method":"${method}",\n"id":${id},"jsonrpc":"2.0"}`;
    const mirrored = { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(name && { 'mcp-name': name }) };
    return { body, headers: era === 'modern' ? mirrored : {} };
  });

test('a request reaches the server as it was sent, with its trace', async () => {
  await using echo = await startEcho();
  const { bench } = echo;
  await fc.assert(
    fc.asyncProperty(requests, async ({ body, headers }) => {
      echo.answerWith('{"jsonrpc":"2.0","id":1,"result":{}}');
      const response = await bench.post(body, { ...headers, ...TRACE, ...ALICE });
      assert.equal(response.status, 200, await response.text());
      const seen = bench.upstream.seen.at(-1);
      assert.equal(seen?.body, body);
      assert.deepEqual(
        [seen.headers['traceparent'], seen.headers['tracestate']],
        [TRACE.traceparent, TRACE.tracestate],
      );
    }),
    RUNS,
  );
});

const outcomes = fc.oneof(
  fc.tuple(objectText, moreMembers).map(([one, more]) => `"result":{"_meta":${one}${more}}`),
  fc
    .tuple(jsonText, moreMembers)
    .map(([data, more]) => `"error":{"code":-32602,"message":"\\u0041","data":${data}${more}}`),
);

test('a result and an error reach the caller as they were sent', async () => {
  await using echo = await startEcho();
  await fc.assert(
    fc.asyncProperty(outcomes, async (outcome) => {
      const answer = `{\t"jsonrpc":"2.0",${outcome} ,"id":1}\n`;
      echo.answerWith(answer);
      assert.equal(await (await echo.call()).text(), answer);
    }),
    RUNS,
  );
});

test('so does a stream: ids, names, comments and line ends of its events', async () => {
  await using echo = await startEcho();
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
  const frames = fc.record({
    outcome: outcomes,
    notice: objectText,
    end: lineEnd,
    id: fc.constantFrom('7', 'a b', '', '\u00e9'),
  });
  await fc.assert(
    fc.asyncProperty(frames, async ({ outcome, notice, end, id }) => {
      const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');
      const events = [
        [`id: ${id}`, 'retry: 300', 'data:'],
        [': a comment'],
        ['event: message', `data:${oneLine(`{"jsonrpc":"2.0","method":"notifications/progress","params":${notice}}`)}`],
        [
          'unknown: field',
          `id: ${id}2`,
          `data: ${oneLine(`{"jsonrpc":"2.0","id":1,`)}`,
          `data: ${oneLine(`${outcome}}`)}`,
        ],
      ];
      const text = events.map((lines) => [...lines, '', ''].join(end)).join('');
      echo.answerWith(text, 'text/event-stream');
      assert.equal(await (await echo.call()).text(), text);
    }),
    RUNS,
  );
});

test('of a filtered list, what is left is as it was', async () => {
  await using echo = await startEcho();
  const tool = fc.tuple(fc.constantFrom('read', 'write', 'undeclared'), moreMembers);
  await fc.assert(
    fc.asyncProperty(fc.array(tool, { maxLength: 4 }), moreMembers, async (tools, more) => {
      const listed = tools.map(([name, rest]) => ({ name, text: `{"name":"${name}"${rest}}` }));
      const around = (items: readonly string[]): string =>
        `{"jsonrpc":"2.0","id":1,"result":{"tools":[${items.join(',')}],"nextCursor":""${more}}}`;
      echo.answerWith(around(listed.map(({ text }) => text)));
      const kept = listed.filter(({ name }) => name === 'read').map(({ text }) => text);
      assert.equal(await (await echo.list()).text(), around(kept));
    }),
    RUNS,
  );
});

interface Echo extends AsyncDisposable {
  readonly bench: Bench;
  answerWith(text: string, type?: string): void;
  call(): Promise<Response>;
  list(): Promise<Response>;
}

/** A gateway before a server that says, to the byte, what it was told to say. */
async function startEcho(): Promise<Echo> {
  let said = { text: '', type: '' };
  const answer = (_: unknown, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': said.type });
    response.end(said.text);
  };
  const bench = await startBench({ answer, document, options });
  const ask = (method: string, params: object): Promise<Response> =>
    bench.post({ jsonrpc: '2.0', id: 1, method, params }, ALICE);
  return {
    bench,
    answerWith: (text, type = 'application/json') => {
      said = { text, type };
    },
    call: () => ask('tools/call', { name: 'read' }),
    list: () => ask('tools/list', {}),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
