import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type Bench, startBench, testDocument } from '../testing/bench.ts';
import { bearer } from '../testing/caller.ts';
import { type Answer, type Seen, sendJson } from '../testing/upstream.ts';

const MODERN = '2026-07-28';

function modernList(id: number): object {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { jsonrpc: '2.0', id, method: 'tools/list', params: { _meta } };
}

async function listAsModern(bench: Bench, id: number): Promise<Response> {
  const authorization = `Bearer ${await bench.token()}`;
  const headers = { authorization, 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' };
  return bench.post(modernList(id), headers);
}

async function sendAsLegacy(bench: Bench, method: string): Promise<Response> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  return bench.post({ jsonrpc: '2.0', id: 7, method, params }, await bearer(bench));
}

function methodsSeen({ upstream }: Bench): readonly string[] {
  return upstream.seen.map(({ body }) => String(JSON.parse(body).method));
}

/** Answers as a server that speaks those versions does. */
function speaking(versions: readonly string[]): Answer {
  return ({ body, headers }, response) => {
    const { id, method } = JSON.parse(body);
    const isModern = headers['mcp-protocol-version'] === MODERN;
    if (isModern && !versions.includes(MODERN)) return refuse(response, -32000, 'Unsupported protocol version');
    if (!isModern && versions.every((version) => version === MODERN)) return refuse(response, -32602, 'no envelope');
    if (method === 'server/discover')
      return sendJson(response, { jsonrpc: '2.0', id, result: { supportedVersions: versions } });
    if (method === 'initialize')
      return sendJson(response, { jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25' } });
    return sendJson(response, { jsonrpc: '2.0', id, result: { tools: [] } });
  };
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }));
}

function benchFor(answer: Answer): Promise<Bench> {
  return startBench({ answer, document: testDocument(), probes: 'seen' });
}

test('callers of 2026-07-28 wait for one question about eras, which they share; later ones ask nothing', async () => {
  await using bench = await benchFor(speaking([MODERN, '2025-11-25']));
  const answers = await Promise.all([1, 2, 3].map((id) => listAsModern(bench, id)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  await listAsModern(bench, 4);
  assert.deepEqual(methodsSeen(bench), ['server/discover', 'tools/list', 'tools/list', 'tools/list', 'tools/list']);
});

test('of a server that says nothing of older revisions, `initialize` tells', async () => {
  await using bench = await benchFor(speaking([MODERN]));
  assert.equal((await listAsModern(bench, 1)).status, 200);
  assert.deepEqual(methodsSeen(bench), ['server/discover', 'initialize', 'tools/list']);
});

test('a message that goes directly has every byte of the caller', async () => {
  await using bench = await benchFor(speaking([MODERN, '2025-11-25']));
  const body = `{ "id":1,"jsonrpc" : "2.0", "method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN}","io.modelcontextprotocol/clientCapabilities":{},"x":1.0}}}`;
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' };
  await bench.post(body, { ...headers, authorization: `Bearer ${await bench.token()}` });
  assert.equal(bench.upstream.seen.at(-1)?.body, body);
});

test('a legacy caller of a server that speaks its era causes no question', async () => {
  await using bench = await benchFor(speaking(['2025-11-25']));
  assert.equal((await sendAsLegacy(bench, 'initialize')).status, 200);
  assert.equal((await sendAsLegacy(bench, 'tools/list')).status, 200);
  assert.deepEqual(methodsSeen(bench), ['initialize', 'tools/list']);
});

test('a refusal that was meant reaches the legacy caller as it is', async () => {
  await using bench = await benchFor(({ body }: Seen, response) => {
    if (JSON.parse(body).params?.clientInfo?.name === 'test') refuse(response, -32602, 'not you');
    else speaking(['2025-11-25'])({ body, headers: {}, method: 'POST' }, response, response.req);
  });
  const answer = await sendAsLegacy(bench, 'initialize');
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /not you/);
  assert.equal(methodsSeen(bench)[0], 'initialize');
});

test('a server that answers with faults only is not available to a caller of 2026-07-28', async () => {
  await using bench = await benchFor((_, response) => void response.writeHead(500).end());
  const answer = await listAsModern(bench, 1);
  assert.equal(answer.status, 502);
  assert.match(await answer.text(), /upstream_unavailable/);
  assert.deepEqual(methodsSeen(bench), ['server/discover', 'initialize'], 'the call itself was not sent');
});

test('a server that wants another credential is not asked further', async () => {
  await using bench = await benchFor((_, response) => void response.writeHead(401).end());
  assert.equal((await listAsModern(bench, 1)).status, 502);
  assert.deepEqual(methodsSeen(bench), ['server/discover']);
});
