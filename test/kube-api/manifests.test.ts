import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CLUSTER } from '../../packages/api/src/index.ts';
import {
  HTTP_ROUTE_PERMISSIONS,
  INSTALLATION_PERMISSIONS,
  OPERATOR_PERMISSIONS,
  type Permission,
} from '../../apps/operator/src/cluster/index.ts';
import { GATEWAY_PERMISSIONS } from '../../packages/delivery/src/index.ts';
import { OVERLAYS } from '../../scripts/generate/install/overlays.ts';
import { renderParts } from '../../scripts/generate/install/render.ts';
import { type JsonMap } from '../../scripts/generate/install/setting.ts';
import { kubectl } from '../support/kubectl.ts';
import {
  APPLY,
  DRY_RUN,
  type KubeObject,
  NAME,
  byIdentity,
  objectsOf,
  parsed,
  podOf,
  rename,
  renamed,
  textOf,
} from './support/manifests.ts';

const root = dirname(dirname(import.meta.dirname));
const LATE_KINDS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ValidatingWebhookConfiguration']);

/** Everything but what would start, or be called for each write of others. */
const INSTALLED = renamed(objectsOf(renderParts()).filter(({ kind }) => !LATE_KINDS.has(kind)));

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(root, 'deploy/crds')]);
  await kubectl(APPLY, textOf(INSTALLED.filter(({ kind }) => kind === 'Namespace')));
  await kubectl(APPLY, textOf(INSTALLED));
});

after(async () => {
  await kubectl(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], textOf(INSTALLED));
});

const BASE = { 'deploy/base': {} };
const FOLDERS: Readonly<Record<string, JsonMap>> = {
  ...BASE,
  ...Object.fromEntries(Object.entries(OVERLAYS).map(([name, { values }]) => [`deploy/overlays/${name}`, values])),
};

for (const [folder, values] of Object.entries(FOLDERS)) {
  test(`${folder}: Kustomize gives the objects that its settings mean`, async () => {
    const built = parsed(await kubectl(['kustomize', join(root, folder)]));
    const others = built.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    assert.deepEqual(byIdentity(others), byIdentity(objectsOf(renderParts(values))));
    assert.equal(built.length - others.length, 3);
  });

  test(`${folder}: the API server takes each object, without a warning`, async () => {
    const built = renamed(parsed(await kubectl(['kustomize', join(root, folder)])));
    const answered = await kubectl(['--warnings-as-errors', ...DRY_RUN], textOf(built));
    assert.equal(answered.trim().split('\n').length, built.length);
  });

  test(`${folder}: its pods are admitted at Pod Security level restricted`, async () => {
    const pods = renamed(objectsOf(renderParts(values))).flatMap(podOf);
    assert.equal(pods.length, 2);
    await kubectl(['--warnings-as-errors', ...DRY_RUN], textOf(pods));
  });
}

test('gateways that keep their audit records are the same pods, with a volume for each', () => {
  const [gateway, ...others] = objectsOf(renderParts({ 'gateway.auditVolume': 'claim' })).filter(
    ({ kind }) => kind === 'StatefulSet',
  );
  assert.deepEqual(others, []);
  const [ephemeral] = objectsOf(renderParts()).filter(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === CLUSTER.gateway,
  );
  assert.ok(gateway && ephemeral);
  const withoutVolumes = (object: KubeObject): unknown =>
    podOf(object).map(({ spec }) => ({ ...spec, volumes: [], topologySpreadConstraints: [] }));
  assert.deepEqual(withoutVolumes(gateway), withoutVolumes(ephemeral));
});

test('the one file is the base', async () => {
  const one = parsed(await readFile(join(root, 'deploy/install.yaml'), 'utf8'));
  const base = parsed(await kubectl(['kustomize', join(root, 'deploy/base')]));
  assert.deepEqual(byIdentity(one), byIdentity(base));
});

test('a pod that may become root is refused where ours are admitted', async () => {
  const [pod] = renamed(objectsOf(renderParts())).flatMap(podOf);
  assert.ok(pod);
  const careless = { ...pod, spec: { containers: [{ name: 'root', image: 'localhost/none:1' }] } };
  await assert.rejects(kubectl(DRY_RUN, textOf([careless])), /violates PodSecurity "restricted/);
});

const EVERYWHERE = [...OPERATOR_PERMISSIONS, ...HTTP_ROUTE_PERMISSIONS];

const ROLES: readonly { program: string; at: string; permissions: readonly Permission[] }[] = [
  { program: CLUSTER.operator, at: 'default', permissions: EVERYWHERE },
  {
    program: CLUSTER.operator,
    at: CLUSTER.namespace,
    permissions: [...EVERYWHERE, ...INSTALLATION_PERMISSIONS],
  },
  { program: CLUSTER.gateway, at: 'default', permissions: GATEWAY_PERMISSIONS },
  { program: CLUSTER.gateway, at: CLUSTER.namespace, permissions: GATEWAY_PERMISSIONS },
];

for (const { program, at, permissions } of ROLES) {
  const where = at === CLUSTER.namespace ? 'the namespace of the installation' : 'another namespace';
  test(`${program} may do in ${where} what its code declares, and nothing else`, async () => {
    const namespace = rename(at);
    const allowed = await rightsOf(rename(program), namespace);
    const everybody = await rightsOf('nobody-in-particular', namespace);
    assert.deepEqual(
      [...allowed.difference(everybody)].toSorted(),
      [...new Set(permissions.flatMap(rightsIn))].toSorted(),
    );
  });
}

/** `verb group/resource` of everything that a service account of the installation may do in a namespace. */
async function rightsOf(account: string, namespace: string): Promise<ReadonlySet<string>> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const user = `system:serviceaccount:${NAME}:${account}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${NAME}`, 'system:authenticated'];
  const as = [`--as=${user}`, ...groups.map((group) => `--as-group=${group}`)];
  const { status } = JSON.parse(
    await kubectl(['create', '--validate=false', '-f', '-', '-o', 'json', ...as], JSON.stringify(review)),
  );
  assert.equal(status.incomplete, false);
  return new Set(status.resourceRules.flatMap(rightsOfRule));
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

function rightsOfRule({ apiGroups, resources, verbs, resourceNames }: Rule): readonly string[] {
  const names = resourceNames === undefined ? {} : { names: resourceNames };
  return apiGroups.flatMap((apiGroup) => rightsIn({ apiGroup, resources, verbs, ...names }));
}

function rightsIn({ apiGroup, resources, verbs, names = ['*'] }: Permission): readonly string[] {
  return names.flatMap((name) =>
    verbs.flatMap((verb) => resources.map((resource) => `${verb} ${apiGroup}/${resource} ${rename(name)}`)),
  );
}
