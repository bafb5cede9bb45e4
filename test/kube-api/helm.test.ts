import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { ANNOTATIONS } from '../../packages/api/src/index.ts';
import { OVERLAYS } from '../../scripts/generate/install/overlays.ts';
import { renderParts } from '../../scripts/generate/install/render.ts';
import { type JsonMap } from '../../scripts/generate/install/setting.ts';
import { findHelm } from '../support/helm.ts';
import { kubectl } from '../support/kubectl.ts';
import {
  APPLY,
  DRY_RUN,
  type KubeObject,
  byIdentity,
  objectsOf,
  parsed,
  renamed,
  textOf,
} from './support/manifests.ts';

/** The chart, with Helm itself. */

const root = dirname(dirname(import.meta.dirname));
const CHART = join(root, 'deploy/helm/mcp-runtime');
const KUBE = ['--kube-version', '1.31'];

const found = findHelm();
const skip = 'missing' in found && found.missing;
const folder = await mkdtemp(join(tmpdir(), 'helm-'));

const CRDS = 'CustomResourceDefinition';
const NAMESPACE = renamed(objectsOf(renderParts()).filter(({ kind }) => kind === 'Namespace'));

before(async () => {
  await kubectl(APPLY, textOf(NAMESPACE));
});

after(async () => {
  await rm(folder, { recursive: true });
  await kubectl(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], textOf(NAMESPACE));
});

test('the chart is one that Helm finds no fault with', { skip }, () => {
  helm(['lint', '--strict', CHART, ...KUBE]);
});

const VALUES = {
  base: {},
  ...Object.fromEntries(Object.entries(OVERLAYS).map(([name, { values }]) => [name, values])),
};

for (const [name, values] of Object.entries<JsonMap>(VALUES)) {
  test(`${name}: the chart gives the objects that Kustomize gives`, { skip }, async () => {
    const rendered = await render(name, values);
    const others = rendered.filter(({ kind }) => kind !== CRDS);
    const expected = objectsOf(renderParts(values));
    assert.deepEqual(byIdentity(others.map(comparable)), byIdentity(expected.map(comparable)));
    const kustomized = parsed(await kubectl(['kustomize', join(root, 'deploy/crds')]));
    assert.deepEqual(
      byIdentity(rendered.filter(({ kind }) => kind === CRDS).map(withoutAnnotations)),
      byIdentity(kustomized),
    );
  });

  test(`${name}: the API server takes each object of the chart, without a warning`, { skip }, async () => {
    const rendered = renamed(await render(name, values));
    await kubectl(['--warnings-as-errors', ...DRY_RUN], textOf(rendered));
  });
}

test('definitions of resources stay when the chart is removed', { skip }, async () => {
  for (const crd of (await render('kept', {})).filter(({ kind }) => kind === CRDS)) {
    assert.deepEqual(crd.metadata.annotations, { 'helm.sh/resource-policy': 'keep' });
  }
});

test('a value that is not allowed is refused by name', { skip }, () => {
  const refused = (set: string): string => spawnHelm(['template', 'x', CHART, ...KUBE, '--set', set]).stderr;
  assert.match(refused('webhook.failurePolicy=Maybe'), /failurePolicy/);
  assert.match(refused('gateway.replicas=0'), /replicas/);
  assert.match(refused('gatewayReplicas=3'), /gatewayReplicas/);
});

test('other settings are other pods of the operator, and of nothing else', { skip }, async () => {
  const [one, same, other] = await Promise.all(
    ['ingress', 'ingress', 'none'].map((kind, index) =>
      render(`settings-${index}`, { settings: { ingress: { kind } } }),
    ),
  );
  const pods = (objects: readonly KubeObject[] = []): unknown => objects.map(({ spec }) => spec?.template);
  const digest = (objects: readonly KubeObject[] = []): unknown =>
    objects.map(digestIn).find((text) => /^[0-9a-f]{64}$/.test(text));
  assert.deepEqual(pods(one), pods(same));
  assert.notEqual(digest(one), undefined);
  assert.notEqual(digest(one), digest(other));
  const rest = (objects: readonly KubeObject[] = []): unknown =>
    objects.filter(({ kind }) => kind !== 'ConfigMap').map(comparable);
  assert.deepEqual(rest(one), rest(other));
});

test('values with characters that YAML or templates read are taken as they are', { skip }, async () => {
  const image = 'host:5000/a@sha256:0 # {{ .Values.mode }} "x": y';
  const objects = await render('hostile', { image });
  const deployments = objects.filter(({ kind }) => kind === 'Deployment').map((object) => JSON.stringify(object.spec));
  assert.equal(deployments.length, 2);
  for (const spec of deployments) assert.ok(spec.includes(JSON.stringify(image)));
});

async function render(name: string, values: JsonMap): Promise<readonly KubeObject[]> {
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(nested(values)));
  const text = helm(['template', 'mcp-runtime', CHART, ...KUBE, '--values', file]);
  return parsed(text)
    .filter((object) => object !== null)
    .map(withoutNulls);
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`. */
function nested(values: JsonMap): object {
  const sections = Map.groupBy(Object.entries(values), ([path]) => path.split('.')[0] ?? '');
  return Object.fromEntries(
    [...sections].map(([section, entries]): [string, unknown] => {
      const [[path, value] = ['', null]] = entries;
      if (path === section) return [section, value];
      return [section, Object.fromEntries(entries.map(([full, below]) => [full.slice(section.length + 1), below]))];
    }),
  );
}

/** Kubernetes takes a null for a field that is not there. */
function withoutNulls(object: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(object, (_, value: unknown) => value ?? undefined));
}

/** Configuration by what it means: a template writes its words in quotes. */
function comparable(object: KubeObject): ReturnType<typeof withData> {
  return withData(JSON.parse(JSON.stringify(object).replace(digestIn(object), 'of these settings')));
}

/** What the pods of the operator were started with; Helm writes its YAML in another way. */
function digestIn(object: KubeObject): string {
  const annotations: Readonly<Record<string, string>> = { ...object.spec?.template?.metadata.annotations };
  return annotations[ANNOTATIONS.settingsDigest] ?? 'no digest';
}

function withData({
  data = {},
  ...object
}: KubeObject): Pick<KubeObject, 'kind' | 'metadata'> & { readonly data: object } {
  return { ...object, data: Object.fromEntries(Object.entries(data).map(([name, text]) => [name, parse(text)])) };
}

function withoutAnnotations({ metadata: { name }, ...object }: KubeObject): KubeObject {
  return { ...object, metadata: { name } };
}

function helm(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnHelm(args);
  assert.equal(status, 0, stderr || stdout);
  return stdout;
}

function spawnHelm(args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync('program' in found ? found.program : 'helm', [...args], { encoding: 'utf8' });
}
