/** The program in the pod of a server, as a process of this machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { RUNNER, type RunnerInstructions } from '@mcp-runtime/api';
import { z } from 'zod';
import { connectSdkV1, connectSdkV2 } from '../support/clients.ts';
import { freePort } from '../support/free-port.ts';
import { HAS_PROC, areGone, serversOf } from '../support/processes.ts';
import { BIN, type Program, startProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';

const run = promisify(execFile);

interface Running extends AsyncDisposable {
  readonly program: Program;
  readonly folder: string;
  readonly url: string;
}

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly transport?: RunnerInstructions['transport'];
  readonly environment?: RunnerInstructions['environment'];
}

async function startRunner(source: RunnerInstructions['source'], options: Options = {}): Promise<Running> {
  const folder = await tempDir();
  const port = await freePort();
  const instructions = JSON.stringify(instructionsOf(source, port, options));
  const env = { ...options.env, [RUNNER.instructions]: instructions };
  const program = await startProgram(['serve', 'runner', '--data-dir', folder.path], { cwd: folder.path, env });
  return {
    program,
    folder: folder.path,
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function instructionsOf(source: RunnerInstructions['source'], port: number, options: Options): RunnerInstructions {
  const { transport = 'http', environment = 'none' } = options;
  return {
    schema_version: 'v1',
    server: { namespace: 'team', name: 'server' },
    source,
    environment,
    transport,
    port,
    mcp_path: '/mcp',
    bridge: { isolation: 'session', max_sessions: 4 },
  };
}

/** Rejects while nothing listens. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { connection: 'close', ...headers } });
}

async function answers(url: string): Promise<boolean> {
  return ask(url).then(
    () => true,
    () => false,
  );
}

/** A program of Node that serves HTTP where it is told to, on loopback alone. */
function script(handler: string): RunnerInstructions['source'] {
  const text = `require('node:http').createServer((request, response) => { ${handler} })
    .listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listens'));`;
  return { command: { command: process.execPath, args: ['-e', text] } };
}

const Texts = z.record(z.string(), z.string());
const Told = z.object({ env: Texts, headers: Texts, method: z.string(), url: z.string(), body: z.string() });

const TELLS = script(`
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => response.end(JSON.stringify({
    env: process.env, method: request.method, url: request.url, headers: request.headers,
    body: Buffer.concat(chunks).toString(),
  })));`);

test(
  'a stdio package is bridged for both generations of clients, and SIGTERM leaves nothing',
  { skip: !HAS_PROC },
  async () => {
    const npm = { package: '@modelcontextprotocol/server-memory', version: '2026.8.31', args: [] };
    await using runner = await startRunner({ npm }, { transport: 'stdio' });
    await untilTrue('it answers', () => answers(runner.url));
    for (const connect of [connectSdkV1, connectSdkV2]) {
      await using client = await connect({ url: runner.url, token: 'none' });
      assert.ok((await client.tools()).includes('read_graph'));
    }
    const pids = await serversOf(runner.folder);
    assert.ok(pids.length > 0);
    runner.program.kill('SIGTERM');
    assert.deepEqual(await runner.program.exited, { status: 0, signal: null });
    assert.ok(await areGone(pids));
  },
);

test('an HTTP package is served as if it listened on all addresses', async () => {
  const npm = { package: '@modelcontextprotocol/server-everything', version: '2026.8.31', args: ['streamableHttp'] };
  await using runner = await startRunner({ npm });
  await untilTrue('it answers', () => answers(runner.url));
  for (const connect of [connectSdkV1, connectSdkV2]) {
    await using client = await connect({ url: runner.url, token: 'none' });
    assert.match(await client.call('echo', { message: 'hello' }), /hello/);
  }
});

test('requests pass as they are, but for the name of the host', async () => {
  await using runner = await startRunner(TELLS, {
    env: { SERVER_ENV_TOKEN: 'own', NPM_TOKEN: 'of the runner' },
  });
  await untilTrue('it answers', () => answers(runner.url));
  const response = await ask(`${runner.url}?a=%2F`, { 'x-a': '1' }, { method: 'POST', body: 'ä' });
  const told = Told.parse(await response.json());
  assert.deepEqual(
    { method: told.method, url: told.url, body: told.body, a: told.headers['x-a'] },
    { method: 'POST', url: '/mcp?a=%2F', body: 'ä', a: '1' },
  );
  assert.match(told.headers['host'] ?? '', /^127\.0\.0\.1:\d+$/);
  assert.notEqual(told.headers['host'], new URL(runner.url).host);
  assert.deepEqual(
    { own: told.env['TOKEN'], of: told.env['NPM_TOKEN'], told: told.env[RUNNER.instructions] },
    { own: 'own', of: undefined, told: undefined },
  );
  assert.match(runner.program.stdout(), /^listens$/m);
});

test('a program in an image of its own finds the environment of that image', async () => {
  await using runner = await startRunner(TELLS, { environment: 'all', env: { IMAGE: 'its', SERVER_ENV_A: '1' } });
  await untilTrue('it answers', () => answers(runner.url));
  const { env } = Told.parse(await (await ask(runner.url)).json());
  assert.deepEqual(
    [env['IMAGE'], env['A'], env['SERVER_ENV_A'], env[RUNNER.instructions]],
    ['its', '1', undefined, undefined],
  );
});

test('an event stream is passed on as it comes, and ends at the server when the client leaves', async () => {
  const streams = script(`
    if (request.url !== '/mcp') return response.end('here');
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    response.on('close', () => console.log('client left'));
    setTimeout(() => response.write('data: 1\\n\\n'), 50);`);
  await using runner = await startRunner(streams);
  await untilTrue('it answers', () => answers(new URL('/', runner.url).href));
  const leaving = new AbortController();
  const response = await ask(runner.url, {}, { signal: leaving.signal });
  const { value } = (await response.body?.getReader().read()) ?? {};
  assert.equal(new TextDecoder().decode(value), 'data: 1\n\n');
  leaving.abort();
  await runner.program.printed(/^client left$/m);
});

test('the port is closed while the server is down, and open again with it', async () => {
  const crashes = script(`
    if (request.url === '/crash') process.exit(3);
    response.end(String(process.pid));`);
  await using runner = await startRunner(crashes);
  await untilTrue('it answers', () => answers(runner.url));
  const before = await (await ask(runner.url)).text();
  await ask(new URL('/crash', runner.url).href).catch(() => {});
  await runner.program.printed(/backing-off: exited with status 3/);
  await untilTrue('it answers again', () => answers(runner.url));
  assert.notEqual(await (await ask(runner.url)).text(), before);
});

test('a source that can never run ends the pod with its reason', async () => {
  const npm = { package: '@modelcontextprotocol/server-memory', version: '2026.8.31', bin: 'sings', args: [] };
  await using runner = await startRunner({ npm });
  assert.equal((await runner.program.exited).status, 69);
  assert.match(runner.program.stderr(), /has no command `sings`/);
});

test('without instructions, or with broken ones, it says what is wrong', async () => {
  for (const [text, message] of [
    ['', /MCP_RUNNER: is not JSON/],
    ['{}', /MCP_RUNNER: schema_version/],
  ] as const) {
    await using program = await startProgram(['serve', 'runner'], { env: { [RUNNER.instructions]: text } });
    assert.equal((await program.exited).status, 78);
    assert.match(program.stderr(), message);
  }
});

const UNSHARE = ['--pid', '--fork', '--mount-proc', '--kill-child'];

test(
  'as the first process of a container it buries the dead whose parents are gone',
  { skip: await notFirst() },
  async () => {
    await using folder = await tempDir();
    const port = await freePort();
    // Parents that end at once, whose children end later: nobody but the first process is left to wait for those.
    const orphans = script(`
      const { spawn } = require('node:child_process');
      const { readFileSync, readdirSync } = require('node:fs');
      const orphan = ['-c', '(sleep 0.1; exit 0) & exit 0'];
      if (request.url === '/orphan') spawn('/bin/sh', orphan, { detached: true, stdio: 'ignore' });
      const stats = readdirSync('/proc').map((pid) => {
        try { return readFileSync('/proc/' + pid + '/stat', 'utf8'); } catch { return ''; }
      });
      response.end(String(stats.filter((stat) => /[(](sh|sleep)[)]/.test(stat) && !/^1 /.test(stat)).length));`);
    const env = {
      PATH: process.env['PATH'] ?? '',
      [RUNNER.instructions]: JSON.stringify(instructionsOf(orphans, port, {})),
    };
    const words = [...UNSHARE, process.execPath, BIN, 'serve', 'runner', '--data-dir', folder.path];
    const child = execFile('unshare', words, { env });
    const ended = once(child, 'exit');
    const url = `http://127.0.0.1:${port}/mcp`;
    try {
      await untilTrue('it answers', () => answers(url));
      for (let asked = 0; asked < 5; asked++) await ask(new URL('/orphan', url).href);
      await untilTrue('none of them is left', async () => (await (await ask(url)).text()) === '0');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  },
);

async function notFirst(): Promise<string | false> {
  return run('unshare', [...UNSHARE, 'true']).then(
    () => false,
    () => 'this user may not make a process namespace',
  );
}
