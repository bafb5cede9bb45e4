import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { aServer, openHost } from './testdata/fixture.ts';

const run = promisify(execFile);

const MAKE_WHEEL = `
import sys, zipfile
server = '''
import http.server, os
def main():
    http.server.HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), http.server.SimpleHTTPRequestHandler).serve_forever()
'''
with zipfile.ZipFile(sys.argv[1] + '/tells_py-1.2.3-py3-none-any.whl', 'w') as wheel:
    info = 'tells_py-1.2.3.dist-info/'
    wheel.writestr('tells_py.py', server)
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tells-py\\nVersion: 1.2.3\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\ntells-py = tells_py:main\\n')
    wheel.writestr(info + 'RECORD', '')
`;

test('a Python package runs from an environment of its own', { skip: await missingPython() }, async () => {
  const wheels = await mkdtemp(join(tmpdir(), 'wheels-'));
  await run('python3', ['-c', MAKE_WHEEL, wheels]);
  await using opened = await openHost({
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...offline(wheels) },
  });
  const source = { package: 'tells_py', version: '1.2.3', args: [] };
  const server = aServer('', { source: { pypi: source } });
  const unknown = aServer('', {
    key: { namespace: 'team', name: 'unknown' },
    source: { pypi: { ...source, version: '9.9.9' } },
  });
  opened.host.ensure(server);
  opened.host.ensure(unknown);
  await opened.untilRunning(server);
  const state = await opened.until(unknown, ({ phase }) => phase === 'failed');
  assert.ok(state.phase === 'failed');
  assert.equal(state.message, 'the Python package index has no `tells_py==9.9.9`');
  await rm(wheels, { recursive: true });
});

test('a Python package of another hash never runs', { skip: await missingPython() }, async () => {
  const wheels = await mkdtemp(join(tmpdir(), 'wheels-'));
  await run('python3', ['-c', MAKE_WHEEL, wheels]);
  const wheel = await readFile(join(wheels, 'tells_py-1.2.3-py3-none-any.whl'));
  const right = `sha256:${createHash('sha256').update(wheel).digest('hex')}`;
  await using opened = await openHost({
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...offline(wheels) },
  });
  const serverOf = (name: string, hash: string) =>
    aServer('', {
      key: { namespace: 'team', name },
      source: { pypi: { package: 'tells_py', version: '1.2.3', args: [], hash } },
    });
  const approved = serverOf('approved', right);
  opened.host.ensure(approved);
  await opened.untilRunning(approved);
  const other = serverOf('other', `sha256:${'0'.repeat(64)}`);
  opened.host.ensure(other);
  const state = await opened.until(other, ({ phase }) => phase === 'failed');
  assert.ok(state.phase === 'failed');
  assert.equal(state.message, '`tells_py==1.2.3` has no file of the hash of `source.pypi.hash`');
  await rm(wheels, { recursive: true });
});

/** Settings of pip and uv that keep both from the network. */
function offline(wheels: string): Readonly<Record<string, string>> {
  return { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, UV_NO_INDEX: '1', UV_FIND_LINKS: wheels, UV_OFFLINE: '1' };
}

async function missingPython(): Promise<string | false> {
  return run('python3', ['-c', 'import venv, ensurepip']).then(
    () => false,
    () => 'python3 with venv is missing',
  );
}
