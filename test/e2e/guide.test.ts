/** The guide of the first server, typed as it is written. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { commandsOf } from '../support/guide.ts';
import { ROOT } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUp } from '../support/up.ts';

/** In a checkout `npx` has nothing to fetch: the program and the inspector are there. */
const NPX = 'npx() { local name="${1##*/}"; shift; "${name/#inspector/mcp-inspector}" "$@"; }';
const CALL = 'npx @modelcontextprotocol/inspector';

test('each command of the guide does what the guide says, and the call is refused once the session is revoked', async () => {
  await using folder = await tempDir();
  await using up = await startUp({ dataDir: join(folder.path, 'data'), files: [] });
  const commands = (await commandsOf('first-server.md')).map(({ text }) => ({
    typed: text.split('\n', 1)[0]?.replaceAll('http://127.0.0.1:7400', up.gatewayUrl) ?? '',
    shown: text.split('\n').slice(1),
  }));
  const script = [
    'set -e',
    NPX,
    ...commands.flatMap(({ typed }, at) => [`echo "== ${at}"`, `${typed} 2>&1`]),
    `if ${commands.find(({ typed }) => typed.startsWith(CALL))?.typed} 2>&1; then echo "== allowed"; else echo "== refused"; fi`,
  ];
  const path = [dirname(process.execPath), join(ROOT, 'bin'), join(ROOT, 'node_modules/.bin'), process.env['PATH']];
  const { stdout } = await promisify(execFile)('bash', ['-c', script.join('\n')], {
    cwd: folder.path,
    env: { ...process.env, MCP_RUNTIME_DATA_DIR: up.dataDir, PATH: path.join(delimiter) },
  });
  const outputs = stdout.split(/^== .*\n/m).slice(1);
  const outputOf = (part: string) => outputs[commands.findIndex(({ typed }) => typed.includes(part))] ?? '';
  assert.match(outputOf('server deploy docs --npm'), /server docs is ready: http.*\/docs\/mcp\n/);
  assert.match(
    outputOf('server deploy docs --npm'),
    /write_file +destructive \(proposed\) +not declared: never callable/,
  );
  assert.match(outputOf('--accept-tools'), /server docs: 14 tools declared as proposed/);
  assert.match(outputOf(CALL), /buy milk/);
  assert.match(outputOf('connect-config'), /"mcpServers"/);
  assert.match(outputOf('session revoke'), /session mcp-servers\/me revoked/);
  assert.match(outputOf('audit list'), /allow +docs +read_text_file +me@example\.com via my-agent +allowed/);
  assert.match(stdout, /== refused\n$/);
});
