import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { CLUSTER, FIELD_MANAGERS } from '../../packages/api/src/index.ts';
import { silentLogger } from '../../packages/base/src/index.ts';
import { findClusterAccess, openKubernetesClient } from '../../packages/kube/src/kubernetes/index.ts';
import { OperatorSettings, startClusterOperator } from '../../apps/operator/src/cluster/index.ts';
import { renderParts } from '../../scripts/generate/install/render.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import {
  APPLY,
  DRY_RUN,
  type KubeObject,
  NAME,
  objectsOf,
  parsed,
  rename,
  renamed,
  textOf,
} from './support/manifests.ts';

/** The examples, and an operator that makes them run with the rights of its service account and no others. */

const root = join(import.meta.dirname, '../..');
const FILES = globSync('examples/kubernetes/*.yaml', { cwd: root }).toSorted();
const NEEDED: ReadonlySet<string> = new Set([
  'Namespace',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
]);
const INSTALLED = renamed(objectsOf(renderParts()).filter(({ kind }) => NEEDED.has(kind)));

const namespace = await testNamespace('examples');

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(root, 'deploy/crds')]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']);
  await kubectl(APPLY, textOf(INSTALLED.filter(({ kind }) => kind === 'Namespace')));
  await kubectl(APPLY, textOf(INSTALLED));
});

after(async () => {
  await namespace[Symbol.asyncDispose]();
  await kubectl(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], textOf(INSTALLED));
});

for (const file of FILES) {
  test(`examples/kubernetes/${basename(file)} is taken by the API server without a warning`, async () => {
    await kubectl(['--warnings-as-errors', ...DRY_RUN], textOf(here(objectsIn(file))));
  });
}

test('the settings of the example are settings of the operator', () => {
  const [configuration] = objectsIn('examples/kubernetes/http-route.yaml');
  const settings = OperatorSettings.parse({
    images: { runtime: 'given by a flag' },
    ...parse(configuration?.data?.['operator.yaml'] ?? ''),
  });
  assert.equal(settings.ingress.kind, 'httproute');
});

test('with the rights of its service account the operator makes the examples, and asks for nothing that is refused', async () => {
  const refused: string[] = [];
  const note = (_message: string, fields?: object): void => {
    const line = JSON.stringify(fields ?? {});
    // Namespaces of other tests are on their way out: nothing may be made there, whoever asks.
    if (line.includes('is being terminated')) return;
    if (line.includes('forbidden') || line.includes('cannot')) refused.push(line);
  };
  const log = { ...silentLogger, warn: note, error: note, with: () => log };
  await using client = openKubernetesClient({ access: await accessAs(rename(CLUSTER.operator)) });
  await using operator = await startClusterOperator({
    client,
    settings: OperatorSettings.parse({
      namespace: NAME,
      images: { runtime: 'localhost/mcp-runtime:dev' },
      gateway: { namespace: NAME, service: rename(CLUSTER.gateway) },
      webhook: { serve: false },
      engine: { leaderElection: false },
    }),
    listen: { host: '127.0.0.1', port: 0 },
    identity: 'test',
    version: '0.0.0',
    onLost: (error) => refused.push(error.message),
    clock: Date.now,
    log,
  });
  assert.match(operator.adminUrl, /^http:/);
  const servers = FILES.flatMap(objectsIn).filter(({ apiVersion }) => apiVersion.startsWith('mcpruntime.org/'));
  await kubectl(APPLY, textOf(here(servers)));
  for (const { kind, metadata } of here(servers)) {
    const { name, namespace: at = '' } = metadata;
    const written = kind === 'MCPServer' ? '.status.conditions' : '.status.phase';
    await kubectl(['-n', at, 'wait', `--for=jsonpath={${written}}`, `${kind}/${name}`, '--timeout=120s']);
    if (kind !== 'MCPServer') continue;
    for (const owned of ['deployment', 'service', 'networkpolicy']) {
      await kubectl(['-n', at, 'wait', '--for=create', `${owned}/${name}`, '--timeout=120s']);
    }
  }
  const budget = await namespace.kubectl(['get', 'pdb', 'notes', '-o', 'yaml', '--show-managed-fields']);
  assert.match(budget, new RegExp(FIELD_MANAGERS.operator));
  assert.deepEqual(refused, []);
});

/** As a service account of the installation: the API server judges it by the roles of that account. */
async function accessAs(account: string): ReturnType<typeof findClusterAccess> {
  const access = await findClusterAccess({ env: process.env });
  const impersonated = {
    'impersonate-user': `system:serviceaccount:${NAME}:${account}`,
    'impersonate-group': ['system:serviceaccounts', `system:serviceaccounts:${NAME}`, 'system:authenticated'],
  };
  return {
    ...access,
    credential: async () => {
      const credential = await access.credential();
      return { ...credential, headers: { ...credential.headers, ...impersonated } };
    },
  };
}

function objectsIn(file: string): readonly KubeObject[] {
  return parsed(readFileSync(join(root, file), 'utf8'));
}

/** In the namespace of this test; those of the installation in its own. */
function here(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.map(({ metadata, ...object }) => {
    if (object.kind === 'Namespace') return { ...object, metadata };
    const at = metadata.namespace === CLUSTER.namespace ? NAME : namespace.name;
    return { ...object, metadata: { ...metadata, namespace: at } };
  });
}
