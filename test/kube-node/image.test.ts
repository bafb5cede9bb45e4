import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { tempDir } from '../support/temp-dir.ts';

const IMAGE = 'localhost/mcp-runtime:dev';
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

test('the image runs its program where pod security is restricted, on a read-only root', async () => {
  await using namespace = await testNamespace('image', RESTRICTED);
  assert.match(await outputOf(namespace, { args: ['version'] }), new RegExp(version.replaceAll('.', '\\.')));
});

test('npm is there for runners', async () => {
  await using namespace = await testNamespace('image', RESTRICTED);
  assert.match(await outputOf(namespace, { command: ['npm', '--version'] }), /^\d+\.\d+\.\d+$/m);
});

test('npm installs a published server from the registry of the node', async () => {
  await using namespace = await testNamespace('image', RESTRICTED);
  const install = 'npm install --registry http://10.240.0.1:4873 --prefix /tmp/x --ignore-scripts --no-audit';
  const list = "node -p \"require('fs').readdirSync('/tmp/x/node_modules/.bin').join()\"";
  const told = await outputOf(namespace, {
    command: ['sh', '-c', `${install} @modelcontextprotocol/server-everything && ${list}`],
  });
  assert.match(told, /mcp-server-everything/);
});

test('its folder works where it is copied to, by its own loader', async () => {
  await using namespace = await testNamespace('image', RESTRICTED);
  const copy = "require('fs').cpSync('/opt/mcp-runtime', '/tmp/copied', { recursive: true, verbatimSymlinks: true })";
  const run = '/tmp/copied/lib/ld-linux-*.so.2 --library-path /tmp/copied/lib /tmp/copied/bin/node';
  const line = `node -e "${copy}" && ${run} /tmp/copied/app/bin/mcp-runtime.mjs version`;
  assert.match(await outputOf(namespace, { command: ['sh', '-c', line] }), new RegExp(version.replaceAll('.', '\\.')));
});

test('the same sources give the same image, byte by byte', async () => {
  await using again = await tempDir();
  await promisify(execFile)(process.execPath, ['scripts/image.ts', '--out', again.path]);
  const [first, second] = await Promise.all([
    readFile('build/images/mcp-runtime.tar'),
    readFile(join(again.path, 'mcp-runtime.tar')),
  ]);
  assert.ok(first.equals(second));
});

/** What a pod of the image prints until it has ended well. */
async function outputOf(
  { kubectl }: TestNamespace,
  what: { readonly command?: readonly string[]; readonly args?: readonly string[] },
): Promise<string> {
  await kubectl(['apply', '-f', '-'], JSON.stringify(podWith(what)));
  await kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/once', '--timeout=120s']);
  return kubectl(['logs', 'once']);
}

function podWith(what: object): object {
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'once' },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'once',
          image: IMAGE,
          imagePullPolicy: 'Never',
          ...what,
          securityContext,
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: {} }],
    },
  };
}
