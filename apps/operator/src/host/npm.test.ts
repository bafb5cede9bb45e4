import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HostServer } from './index.ts';
import { aServer, openHost } from './testdata/fixture.ts';
import { startRegistry } from './testdata/registry.ts';

function npmServer(name: string, npm: Partial<NonNullable<HostServer['source']['npm']>> = {}): HostServer {
  return aServer('', {
    key: { namespace: 'team', name },
    source: { npm: { package: '@team/tells', version: '1.2.3', args: [], ...npm } },
  });
}

test('two servers of one npm package share its installation, which runs no scripts', async () => {
  await using registry = await startRegistry();
  const progress: string[] = [];
  await using opened = await openHost({
    env: registry.env,
    onProgress: (_, text) => progress.push(text),
  });
  const servers = [npmServer('one'), npmServer('two')];
  for (const server of servers) opened.host.ensure(server);
  for (const server of servers) await opened.untilRunning(server);
  assert.equal(registry.requests.filter((path) => path === '/package.tgz').length, 1);
  assert.ok(progress.includes('preparing @team/tells@1.2.3'));
  const installed = join(opened.dataDir, 'packages/npm/@team+tells@1.2.3/node_modules/@team/tells');
  await assert.rejects(readFile(join(installed, 'installed-by-script')), { code: 'ENOENT' });

  const third = npmServer('three', { bin: 'tells' });
  const before = registry.requests.length;
  opened.host.ensure(third);
  await opened.untilRunning(third);
  assert.equal(registry.requests.length, before);
});

test('a package, a version or a command that does not exist fails for good; a dead registry does not', async () => {
  await using registry = await startRegistry();
  await using opened = await openHost({ env: registry.env });
  const servers = {
    'the npm registry has no `@team/nothing@1.2.3`': npmServer('package', { package: '@team/nothing' }),
    'the npm registry has no `@team/tells@9.9.9`': npmServer('version', { version: '9.9.9' }),
    '`@team/tells@1.2.3` has no command `sings`; it has `tells`, `other`': npmServer('command', { bin: 'sings' }),
  };
  for (const server of Object.values(servers)) opened.host.ensure(server);
  for (const [message, server] of Object.entries(servers)) {
    const state = await opened.until(server, ({ phase }) => phase === 'failed');
    assert.ok(state.phase === 'failed');
    assert.equal(state.code, 'install_failed');
    assert.equal(state.message, message);
  }

  await using unplugged = await openHost({
    env: { ...registry.env, npm_config_registry: 'http://127.0.0.1:1' },
  });
  const server = npmServer('one', { package: '@team/else' });
  unplugged.host.ensure(server);
  const state = await unplugged.until(server, ({ phase }) => phase !== 'preparing');
  assert.ok(state.phase === 'backing-off');
  assert.equal(state.code, 'install_failed');
  assert.match(state.message, /cannot install `@team\/else@1\.2\.3`: .*ECONNREFUSED/);
});

test('a package of another integrity never runs', async () => {
  await using registry = await startRegistry();
  await using opened = await openHost({ env: registry.env });
  const right = npmServer('right', { integrity: registry.integrity });
  const wrong = npmServer('wrong', { integrity: `sha512-${'A'.repeat(86)}==` });
  for (const server of [right, wrong]) opened.host.ensure(server);
  await opened.untilRunning(right);
  const state = await opened.until(wrong, ({ phase }) => phase === 'failed');
  assert.ok(state.phase === 'failed');
  assert.equal(
    state.message,
    `\`@team/tells@1.2.3\` has the integrity \`${registry.integrity}\`, not the one of \`source.npm.integrity\``,
  );

  const inPlace = npmServer('everything', {
    package: '@modelcontextprotocol/server-everything',
    version: '2026.8.31',
    integrity: 'sha512-AAAA',
  });
  opened.host.ensure(inPlace);
  const refused = await opened.until(inPlace, ({ phase }) => phase === 'failed');
  assert.ok(refused.phase === 'failed');
  assert.match(refused.message, /the npm registry has no/);
});

test('without npm the message says so', async () => {
  await using opened = await openHost({ env: { PATH: '/nowhere' } });
  const server = npmServer('one');
  opened.host.ensure(server);
  const state = await opened.until(server, ({ phase }) => phase === 'backing-off');
  assert.ok(state.phase === 'backing-off');
  assert.equal(state.message, 'program `npm` was not found');
});

test('the published HTTP server of the checkout runs in place', async () => {
  await using opened = await openHost();
  const server = npmServer('everything', {
    package: '@modelcontextprotocol/server-everything',
    version: '2026.8.31',
    args: ['streamableHttp'],
  });
  opened.host.ensure(server);
  const { upstreamUrl } = await opened.untilRunning(server);
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  };
  const response = await fetch(upstreamUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify(initialize),
  });
  assert.match(await response.text(), /"serverInfo"/);
});
