/** A gateway that runs alone is drained, and follows its settings. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { HEADERS } from '@mcp-runtime/api';
import { z } from 'zod';
import { listenOn } from '@mcp-runtime/base';
import { startGateway, writePolicy } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until, untilTrue } from '../support/until.ts';

const TRUSTING = ['--trust-headers-from', '127.0.0.0/8'];
const Status = z.object({ settings_error: z.string().optional(), needs_restart: z.array(z.string()).optional() });

/** A server that answers when the test says so. */
async function startSlow() {
  const called = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    request.resume();
    called.resolve();
    void finish.promise.then(() => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');
    });
  });
  const port = await listenOn(server);
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    called: called.promise,
    finish: () => finish.resolve(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function callRead(url: string, size = 1): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      [HEADERS.agentId]: 'editor',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'read_graph', arguments: { filler: 'x'.repeat(size) } },
    }),
  });
}

test('SIGTERM lets a call finish, a second one does not wait', async () => {
  for (const signals of [1, 2]) {
    await using folder = await tempDir();
    const policy = join(folder.path, 'policy.json');
    await writePolicy(policy, { auth: 'header', tools: ['read_graph'] }, folder.path);
    await using slow = await startSlow();
    await using gateway = await startGateway(['--policy', policy, '--upstream', slow.url, ...TRUSTING], folder.path);
    const call = callRead(gateway.url).catch(() => undefined);
    await slow.called;
    gateway.program.kill('SIGTERM');
    await untilTrue('new connections are refused', () =>
      fetch(new URL('/health', gateway.url)).then(
        () => false,
        () => true,
      ),
    );
    if (signals === 2) {
      gateway.program.kill('SIGINT');
      assert.deepEqual(await gateway.program.exited, { status: null, signal: 'SIGINT' });
      assert.equal(await call, undefined);
    } else {
      slow.finish();
      assert.equal((await call)?.status, 200);
      assert.deepEqual(await gateway.program.exited, { status: 0, signal: null }, gateway.program.stderr());
    }
  }
});

test('limits, log level and session keys follow their files; broken ones change nothing and are told', async () => {
  await using folder = await tempDir();
  const at = (name: string): string => join(folder.path, name);
  await writePolicy(at('policy.json'), { auth: 'header', tools: ['read_graph'] }, folder.path);
  await using slow = await startSlow();
  slow.finish();
  const keys = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64url'));
  await writeFile(at('session.keys'), `${keys[0]}\n`);
  const write = async (settings: object): Promise<void> => {
    await writeFile(at('new.yaml'), JSON.stringify({ sessionKeys: at('session.keys'), ...settings }));
    await rename(at('new.yaml'), at('gateway.yaml'));
  };
  await write({});
  const flags = ['--policy', at('policy.json'), '--upstream', slow.url, '--config', at('gateway.yaml'), ...TRUSTING];
  await using gateway = await startGateway(flags, folder.path);
  const status = async (): Promise<z.infer<typeof Status>> =>
    Status.parse(await (await fetch(new URL('/config/status', gateway.url))).json());
  const large = async (): Promise<number> => (await callRead(gateway.url, 5000)).status;
  assert.equal(await large(), 200);

  await write({ limits: { maxBodyBytes: 2000, keepAliveMs: 0 }, logLevel: 'error', drainMs: 1 });
  await untilTrue('the new limit counts', async () => (await large()) === 413);
  assert.deepEqual((await status()).needs_restart, ['drainMs', 'limits.keepAliveMs']);

  await write({ limits: { maxBodyBytes: 'many' } });
  const fault = await until('the fault is told', async () => (await status()).settings_error);
  assert.match(fault, /limits\.maxBodyBytes/);
  assert.equal(await large(), 413);

  await write({});
  await untilTrue('settings count again', async () => (await large()) === 200);
  assert.deepEqual(await status(), {});

  await writeFile(at('session.keys'), 'no key\n');
  assert.match(await until('the fault is told', async () => (await status()).settings_error), /session\.keys:1/);
  await writeFile(at('session.keys'), `${keys[1]}\n${keys[0]}\n`);
  await untilTrue('keys count again', async () => (await status()).settings_error === undefined);
});
