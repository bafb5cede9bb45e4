/** What the operator plans, as a real API server takes it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';

const folder = fileURLToPath(new URL('../../apps/operator/src/cluster/plan/testdata/', import.meta.url));
/** Kinds that a cluster has only when somebody installed them. */
const FOREIGN = new Set(['HTTPRoute', 'Certificate', 'IngressRouteTCP']);
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const Planned = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const Template = z.object({
  spec: z.object({ template: z.object({ metadata: z.looseObject({}), spec: z.looseObject({}) }) }),
});

suite('planned objects', () => {
  let namespace: TestNamespace;

  before(async () => {
    namespace = await testNamespace('plan', RESTRICTED);
    await namespace.kubectl(['create', 'serviceaccount', 'any']);
  });

  after(() => namespace[Symbol.asyncDispose]());

  for (const file of globSync(`${folder}*.golden.yaml`).toSorted()) {
    const objects = parseAllDocuments(readFileSync(file, 'utf8')).map((document): unknown => document.toJS());
    const planned = objects.flatMap((object) => {
      const { data } = Planned.safeParse(object);
      return data === undefined || FOREIGN.has(data.kind) ? [] : [data];
    });
    if (planned.length === 0) continue;

    test(`${basename(file, '.golden.yaml').replaceAll('-', ' ')} is taken whole, and its pods run at the level Restricted`, async () => {
      const items = planned.map((object) => ({
        ...object,
        metadata: { ...object.metadata, namespace: namespace.name },
      }));
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const told = await namespace.kubectl([...DRY_RUN, '-f', '-'], list);
      assert.equal(told.trim().split('\n').length, items.length);

      for (const deployment of items.filter(({ kind }) => kind === 'Deployment')) {
        const { template } = Template.parse(deployment).spec;
        const metadata = { ...template.metadata, name: 'pod', namespace: namespace.name };
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...template.spec, serviceAccountName: 'any' } };
        assert.match(await namespace.kubectl([...DRY_RUN, '-f', '-'], JSON.stringify(pod)), /^pod\/pod/);
      }
    });
  }
});

const DRY_RUN = ['apply', '--server-side', '--dry-run=server', '--field-manager=mcp-runtime-operator'];
