import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type MCPServer } from '../../packages/api/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { governedServer } from '../support/objects.ts';
import { type Installation, allReady, install } from './support/installation.ts';

const NAME = 'versions';
const CALLERS = 4;
const PAUSE_MS = 20;
const PATIENCE_MS = 180_000;

/** A server whose one tool says which version it is; `faulty` breaks instead. Its definitions are the same in every version. */
const PROGRAM = `
const [version] = process.argv.slice(1);
const tools = [{ name: 'version', description: 'Says which version answers.', inputSchema: { type: 'object' } }];
const initialized = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'versions', version } };
const results = { initialize: initialized, ping: {}, 'tools/list': { tools }, 'tools/call': { content: [{ type: 'text', text: version }] } };
require('node:http').createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { id, method } = JSON.parse(Buffer.concat(chunks).toString() || '{}');
  if (request.method !== 'POST') return response.writeHead(405).end();
  if (id === undefined) return response.writeHead(202).end();
  if (version === 'faulty' && method === 'tools/call') return response.writeHead(500).end();
  response.writeHead(200, { 'content-type': 'application/json' });
  const found = results[method];
  const error = { code: -32601, message: 'no such method' };
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(found === undefined ? { error } : { result: found }) }));
}).listen(Number(process.env.PORT));
`;

interface Call {
  readonly at: number;
  readonly status: number;
  /** Of the version that answered. */
  readonly version: string | undefined;
}

/** Two versions of a server on pods, called without pause all the while. */
suite('a canary on pods', () => {
  let installation: Installation;
  let namespace: TestNamespace;
  let traffic: Traffic;

  before(async () => {
    installation = await install();
    namespace = await testNamespace('canary');
    await apply('v1');
    await allReady(namespace.name, [NAME]);
    const token = await installation.sessionToken(namespace.name, NAME);
    traffic = new Traffic(await installation.endpoint(namespace.name, NAME), token);
  });
  after(async () => {
    await traffic.end();
    await namespace[Symbol.asyncDispose]();
  });

  test('one that errs gets its share, is rolled back by itself, and afterwards every call succeeds', async (context) => {
    const begun = traffic.calls.length;
    await apply('v1', 'faulty');
    const { status } = await until(({ status: now }) => now?.rollout?.phase === 'RolledBack');
    assert.equal(status?.rollout?.reason, 'ErrorRateTooHigh');
    await withoutPods('canary');
    const over = traffic.calls.length;
    const during = traffic.calls.slice(begun);
    context.diagnostic(
      `${during.filter(isFault).length} of ${during.length} calls failed; ${status?.rollout?.message}`,
    );
    await traffic.more(200);
    assert.deepEqual(
      traffic.calls.slice(over).filter(({ version }) => version !== 'v1'),
      [],
    );
    // What failed is what the canary broke, and nothing else.
    assert.ok(during.filter(isFault).every(({ status: is }) => is === 500));
  });

  test('a good one gets its share, is promoted by itself, and no call fails from its first pod to its last', async (context) => {
    const begun = traffic.calls.length;
    await apply('v1', 'v2');
    // The record of the one before is there until the operator has seen this one.
    await until(({ status }) => status?.rollout?.phase === 'Progressing' && status.rollout.startedAt !== undefined);
    const split = traffic.calls.length;
    await traffic.more(200);
    const shared = traffic.calls.slice(split);
    const share = shared.filter(({ version }) => version === 'v2').length / shared.length;
    context.diagnostic(`the canary, of weight 30, got ${(100 * share).toFixed(1)} % of ${shared.length} calls`);
    assert.ok(share > 0.15 && share < 0.45);
    const { status } = await until(({ status: now }) => now?.rollout?.phase === 'Promoted');
    context.diagnostic(status?.rollout?.message ?? '');
    await withoutPods('canary');
    await until(({ status: now }) => now?.phase === 'Ready' && now.deploymentReady === true);
    await oldPodsGone();
    const over = traffic.calls.length;
    await traffic.more(100);
    assert.deepEqual(
      traffic.calls.slice(over).filter(({ version }) => version !== 'v2'),
      [],
    );
    assert.deepEqual(traffic.calls.slice(begun).filter(isFault), []);
  });

  async function apply(version: string, canary?: string): Promise<void> {
    const rollout = {
      strategy: 'Canary',
      canaryReplicas: 1,
      canary: {
        source: sourceOf(canary ?? version),
        weight: 30,
        promotion: 'Automatic',
        minRequests: 40,
        minDuration: '10s',
      },
    };
    const server = {
      source: sourceOf(version),
      transport: 'http',
      replicas: 2,
      auth: { mode: 'token' },
      tools: [{ name: 'version', sideEffect: 'read' }],
      ...(canary === undefined ? {} : { rollout }),
    };
    const toolRules = [{ name: 'version', decision: 'allow' }];
    const objects = governedServer(NAME, server, {
      subject: { humanID: 'alice@example.com', agentID: 'agent' },
      grant: { maxTrust: 'low', allowedSideEffects: ['read'], toolRules },
      session: { consentedTrust: 'low' },
    });
    await namespace.apply(...objects);
  }

  async function until(is: (server: MCPServer) => boolean): Promise<MCPServer> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const server = await installation.client.get(SERVERS, { namespace: namespace.name, name: NAME });
      if (server !== undefined && is(server)) return server;
      if (performance.now() > deadline) assert.fail(`waited in vain: ${JSON.stringify(server?.status)}`);
      await delay(200);
    }
  }

  /** Until the last pod of a track is gone. */
  async function withoutPods(track: string): Promise<void> {
    const selector = `--selector=app=${NAME},mcpruntime.org/rollout-track=${track}`;
    await namespace.kubectl(['wait', '--for=delete', 'pod', selector, '--timeout=120s']);
  }

  async function oldPodsGone(): Promise<void> {
    await namespace.kubectl(['rollout', 'status', `deployment/${NAME}`, '--timeout=120s']);
    for (;;) {
      const names = await namespace.kubectl(['get', 'pods', `--selector=app=${NAME}`, '-o', 'name']);
      if (names.trim().split('\n').length === 2) return;
      await delay(500);
    }
  }
});

function sourceOf(version: string): object {
  return { command: { command: 'node', args: ['-e', PROGRAM, version] } };
}

function isFault({ status, version }: Call): boolean {
  return status !== 200 || version === undefined;
}

/** Callers that call one after another, until the end. */
class Traffic {
  readonly calls: Call[] = [];
  readonly #url: string;
  readonly #token: string;
  readonly #callers: readonly Promise<void>[];
  #isOver = false;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#callers = Array.from({ length: CALLERS }, () => this.#run());
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.calls.push(await this.#call());
      await delay(PAUSE_MS);
    }
  }

  async #call(): Promise<Call> {
    const at = Date.now();
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'version', arguments: {} } };
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    };
    try {
      const response = await fetch(this.#url, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await response.text();
      return { at, status: response.status, version: /"text":"(\w+)"/.exec(text)?.[1] };
    } catch {
      return { at, status: 0, version: undefined };
    }
  }

  /** Until so many more calls were made. */
  async more(count: number): Promise<void> {
    const enough = this.calls.length + count;
    while (this.calls.length < enough) await delay(PAUSE_MS);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }
}
