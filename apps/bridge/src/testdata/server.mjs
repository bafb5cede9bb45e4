// A stdio MCP server of the legacy era whose tools misbehave on request.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const behaviour = process.argv[2] ?? 'plain';
const waiting = new Map();
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (id, value) => send({ id, result: { content: [{ type: 'text', text: String(value) }] } });

if (behaviour === 'stubborn') {
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);
}
if (behaviour === 'dies') process.exit(3);

const tools = {
  echo: (id, { value }) => text(id, value),
  pid: (id) => text(id, process.pid),
  crash: () => process.exit(7),
  hang: () => process.stderr.write('hanging\n'),
  huge: (id) => text(id, 'x'.repeat(1_000_000)),
  environment: (id) => text(id, Object.keys(process.env).sort().join(' ')),
  garbage: (id) => {
    process.stdout.write('Listening on nothing\n{"not": "a message"}\n\n[]\n');
    text(id, 'clean');
  },
  progress: (id, _, token) => {
    send({ method: 'notifications/progress', params: { progressToken: token, progress: 1 } });
    text(id, 'done');
  },
  ask: (id) => {
    waiting.set('q1', id);
    send({ id: 'q1', method: 'roots/list' });
  },
  meet: (id, { value }) => {
    // Answers the first of two calls only when the second has come, and after it.
    if (!waiting.has('first')) {
      waiting.set('first', { id, value });
      process.stderr.write('waiting\n');
      return;
    }
    text(id, value);
    const first = waiting.get('first');
    waiting.delete('first');
    text(first.id, first.value);
  },
  offspring: (id) => {
    const offspring = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    offspring.unref();
    text(id, offspring.pid);
  },
  deaf: (id) => {
    text(id, 'deaf');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  cancelled: (id) => text(id, JSON.stringify(cancelled)),
};
const cancelled = [];

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params, result } = JSON.parse(line);
  if (method === 'initialize') {
    const { protocolVersion } = params;
    const serverInfo = { name: 'fixture', version: String(process.pid) };
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'tools/call') tools[params.name](id, params.arguments ?? {}, params._meta?.progressToken);
  else if (method === 'notifications/cancelled') cancelled.push(params.requestId);
  else if (method === 'server/discover' && behaviour === 'modern') {
    send({ id, result: { supportedVersions: ['2026-07-28'], capabilities: {}, resultType: 'complete' } });
  } else if (method === undefined && waiting.has(id)) text(waiting.get(id), JSON.stringify(result));
  else if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
});
