/** TLS on the listeners of a gateway that runs alone, and of a whole runtime. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { MCPAgentSession, RuntimeStatus } from '@mcp-runtime/api';
import { keyFile, openKeyRing, signSessionToken } from '@mcp-runtime/control-plane';
import { createTestAuthority } from '../../apps/gateway/src/testing/certificates.ts';
import { type TlsFolder, openTlsFolder } from '../../apps/gateway/src/testing/tls-folder.ts';
import { connectSdkV1, connectSdkV2 } from '../support/clients.ts';
import { ROOT, startProgram } from '../support/program.ts';
import { startBridge, startGateway, writePolicy } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUpReady } from '../support/up.ts';

const authority = createTestAuthority();
const clients = createTestAuthority();
const trusted = getCACertificates();
const opened = new AsyncDisposableStack();
let folder: string;
let files: TlsFolder;
let flags: readonly string[];

before(async () => {
  setDefaultCACertificates([...trusted, authority.cert]);
  opened.defer(() => setDefaultCACertificates(trusted));
  folder = opened.use(await tempDir()).path;
  files = opened.use(await openTlsFolder(authority.issue({ dns: ['localhost'] }), clients.cert));
  flags = ['--tls-cert', files.paths.cert, '--tls-key', files.paths.key, '--tls-client-ca', files.paths.clientCa];
});

after(() => opened.disposeAsync());

test('serve gateway serves published clients over TLS', async () => {
  const policy = join(folder, 'policy.json');
  await writePolicy(policy, { auth: 'token', tools: ['read_graph'] }, folder);
  const ring = await openKeyRing(keyFile(join(folder, 'key.json')), () => Date.now());
  const jwks = join(folder, 'jwks.json');
  await writeFile(jwks, JSON.stringify(ring.publicKeys()));
  const session = MCPAgentSession.parse({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPAgentSession',
    metadata: { name: 'memory', namespace: 'mcp-servers' },
    spec: { serverRef: { name: 'memory' }, subject: { agentID: 'editor' } },
  });
  const life = { issuedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 };
  const { token } = await signSessionToken(ring.signingKey(), session, life);
  await using bridge = await startBridge(folder);
  const base = ['--policy', policy, '--upstream', bridge.url, '--jwks', jwks];
  await using gateway = await startGateway([...base, ...flags, '--listen', 'localhost:0'], folder);
  assert.match(gateway.url, /^https:/);
  for (const connect of [connectSdkV1, connectSdkV2]) {
    await using client = await connect({ url: gateway.url, token });
    assert.match(await client.call('read_graph'), /"entities"/);
  }
});

test('up serves TLS, its servers become ready, and status and endpoints say https', async () => {
  await using up = await startUpReady({
    dataDir: join(folder, 'data'),
    files: [join(ROOT, 'test/e2e/testdata/lab.yaml')],
    flags: [...flags, '--listen', 'localhost:0'],
  });
  const { gatewayUrl } = await up.call(RuntimeStatus, 'GET', '/runtime/status');
  assert.match(gatewayUrl, /^https:\/\/localhost:/);
  const answer = await fetch(`${gatewayUrl}/health`);
  assert.equal(await answer.text(), 'ok');
});

test('what is missing or broken is told before anything is served', async () => {
  const broken = join(folder, 'broken.pem');
  await writeFile(broken, 'no certificate');
  const cases = [
    { given: flags.slice(0, 2), says: /TLS needs a certificate and its key/ },
    { given: flags.slice(4), says: /TLS needs a certificate and its key/ },
    { given: ['--tls-cert', broken, ...flags.slice(2)], says: /holds no certificate/ },
    { given: [...flags.slice(0, 4), '--tls-client-certificates', 'required'], says: /add --tls-client-ca/ },
  ];
  const policy = join(folder, 'policy.json');
  for (const { given, says } of cases) {
    const words = [
      'serve',
      'gateway',
      '--listen',
      '127.0.0.1:0',
      '--policy',
      policy,
      '--upstream',
      'http://127.0.0.1:9',
    ];
    await using program = await startProgram([...words, ...given]);
    assert.equal((await program.exited).status, 78, program.stderr());
    assert.match(program.stderr(), says);
  }
});
