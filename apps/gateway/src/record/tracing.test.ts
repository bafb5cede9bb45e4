import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { openTracing } from '@mcp-runtime/base/tracing';
import { z } from 'zod';
import { listenOn } from '@mcp-runtime/base';
import { OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer } from '../testing/caller.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const Attribute = z.object({
  key: z.string(),
  value: z.object({ stringValue: z.string().optional(), intValue: z.int().optional() }),
});
const SpanText = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.int(),
  attributes: z.array(Attribute).default([]),
});
/** As much of OTLP/HTTP in JSON as is looked at. */
const Received = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(Attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(SpanText) })),
    }),
  ),
});

type SpanText = z.infer<typeof SpanText>;

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const INCOMING = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=abc', baggage: 'secret=1' };
const answer: Answer = (_, response) => sendJson(response, OK_RESULT);

let opened: AsyncDisposableStack;
let endpoint: string;
let received: { readonly path: string; readonly spans: readonly SpanText[]; readonly resource: string }[];

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  received = [];
  const collector = createServer((request, response) => {
    void json(request).then((body) => {
      for (const { resource, scopeSpans } of Received.parse(body).resourceSpans) {
        const spans = scopeSpans.flatMap((scope) => scope.spans);
        received.push({ path: request.url ?? '', spans, resource: JSON.stringify(resource) });
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const port = await listenOn(collector);
  endpoint = `http://127.0.0.1:${port}/v1/traces`;
  opened.defer(async () => {
    collector.closeAllConnections();
    collector.close();
    await once(collector, 'close');
  });
});

afterEach(() => opened.disposeAsync());

interface Made {
  readonly spans: readonly SpanText[];
  readonly upstream: IncomingHttpHeaders;
  readonly traceOfEvent: string | undefined;
}

/** What one call leaves behind, with a real exporter. */
async function call(tool: string, headers: Readonly<Record<string, string>>, env = {}, ratio?: number): Promise<Made> {
  const tracer = openTracing({ serviceName: 'gateway', endpoint, env, ratio });
  await using bench = await startBench({ answer, document: testDocument(), options: { tracer } });
  await bench.post(callOf(tool), { authorization: `Bearer ${await bench.token()}`, ...headers });
  await tracer.close();
  return {
    spans: received.flatMap(({ spans }) => spans),
    upstream: bench.upstream.seen[0]?.headers ?? {},
    traceOfEvent: bench.events[0]?.trace_id,
  };
}

function attributesOf({ attributes }: SpanText): Readonly<Record<string, string | number | undefined>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
}

test('a trace goes on through the gateway to the server, and is sent with what was decided', async () => {
  const { spans, upstream, traceOfEvent } = await call('read', INCOMING);
  const [server, client] = ['mcp request', 'mcp upstream'].map((name) => spans.find((span) => span.name === name));
  assert.ok(server !== undefined && client !== undefined && spans.length === 2);
  assert.deepEqual([server.traceId, server.parentSpanId, server.kind], [TRACE, PARENT, 2]);
  assert.deepEqual([client.traceId, client.parentSpanId, client.kind], [TRACE, server.spanId, 3]);
  assert.equal(upstream['traceparent'], `00-${TRACE}-${client.spanId}-01`);
  assert.equal(upstream['tracestate'], 'vendor=abc');
  assert.equal(upstream['baggage'], undefined);
  assert.equal(traceOfEvent, TRACE);
  const { 'mcp_runtime.request_id': id, ...attributes } = attributesOf(server);
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.deepEqual(attributes, {
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'mcp_runtime.server': 'mcp-servers/files',
    'mcp_runtime.decision': 'allow',
    'mcp_runtime.reason': 'allowed',
    'mcp_runtime.outcome': 'ok',
    'mcp.method.name': 'tools/call',
    'gen_ai.tool.name': 'read',
  });
  assert.equal(received[0]?.path, '/v1/traces');
  assert.match(received[0].resource, /"service\.name","value":\{"stringValue":"gateway"/);
});

test('a refused call has no part of a server, and says why', async () => {
  const { spans, upstream } = await call('write', INCOMING);
  assert.deepEqual(upstream, {});
  assert.deepEqual(
    spans.map((span) => [span.name, attributesOf(span)['mcp_runtime.reason']]),
    [['mcp request', 'side_effect_not_allowed']],
  );
});

test('a context that is not valid is not passed on: the trace begins here', async () => {
  const { spans, upstream, traceOfEvent } = await call('read', { ...INCOMING, traceparent: '00-0-0-01' });
  const [first] = spans;
  assert.ok(first !== undefined && first.traceId !== TRACE);
  assert.equal(traceOfEvent, first.traceId);
  assert.match(upstream['traceparent']?.toString() ?? '', new RegExp(`^00-${first.traceId}-`));
  assert.equal(upstream['tracestate'], undefined);
});

for (const [why, headers, env, ratio] of [
  ['its caller did not sample it', { traceparent: `00-${TRACE}-${PARENT}-00` }, {}, undefined],
  ['the share is nothing', {}, {}, 0],
  ['the variables say so', {}, { OTEL_TRACES_SAMPLER: 'always_off' }, undefined],
] as const) {
  test(`a trace is not sent when ${why}, and the server is told so`, async () => {
    const { spans, upstream } = await call('read', headers, env, ratio);
    assert.deepEqual(spans, []);
    assert.match(upstream['traceparent']?.toString() ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });
}

test('without a tracer the headers cross as they are', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  await bench.post(callOf('read'), { authorization: `Bearer ${await bench.token()}`, ...INCOMING });
  const { traceparent, tracestate, baggage } = bench.upstream.seen[0]?.headers ?? {};
  assert.deepEqual([traceparent, tracestate, baggage], [INCOMING.traceparent, INCOMING.tracestate, undefined]);
});

test('a collector that is gone costs no call', async () => {
  const tracer = openTracing({ serviceName: 'gateway', endpoint: 'http://127.0.0.1:1/v1/traces', env: {} });
  await using bench = await startBench({ answer, document: testDocument(), options: { tracer } });
  const auth = await bearer(bench);
  assert.equal((await bench.post(callOf('read'), auth)).status, 200);
});
