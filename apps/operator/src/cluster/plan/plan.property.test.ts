import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MCPServer, NamespaceName, ObjectName } from '@mcp-runtime/api';
import fc from 'fast-check';
import { OperatorSettings } from '../settings.ts';
import { type DesiredObject, type PlanObserved, egressHosts, planObjects } from './index.ts';
import { list, record, unrestricted } from './testing/restricted.ts';

const SOURCES = [
  { image: 'example.com/team/files:1', command: ['/files'] },
  { source: { image: 'files' }, command: ['/files'] },
  { source: { npm: { package: '@team/files', version: '1.0.0' } } },
  { source: { pypi: { package: 'files', version: '1.0.0' } } },
  { source: { command: { command: 'files' } } },
  { source: { url: 'https://mcp.example.com/mcp' } },
] as const;

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,70}[a-z0-9])?$/).filter((text) => text.length <= 70);
const name = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => labels.join('.'))
  .filter((text) => ObjectName.safeParse(text).success);
const namespace = label.filter((text) => NamespaceName.safeParse(text).success);
const hosts = fc.uniqueArray(fc.constantFrom('a.example.com', 'b.example.com', 'c.example.com'));

const server = fc
  .record(
    {
      source: fc.constantFrom(...SOURCES),
      name,
      namespace,
      replicas: fc.integer({ min: 0, max: 5 }),
      canary: fc.integer({ min: 0, max: 4 }),
      placement: fc.constantFrom('shared', 'sidecar', undefined),
      transport: fc.constantFrom('http', 'stdio'),
      ingressClass: fc.constantFrom('traefik', 'nginx', 'httproute', 'none', 'other'),
      auth: fc.constantFrom({ mode: 'none' }, { mode: 'oauth', issuerURL: 'https://issuer.example.com' }),
      egress: fc.option(hosts, { nil: undefined }),
      env: fc.array(fc.record({ name: fc.constantFrom('A', 'B', 'PORT', 'MCP_RUNNER'), value: fc.string() })),
    },
    { noNullPrototype: true },
  )
  .map((drawn) => {
    const rollout = { strategy: 'Canary', canaryReplicas: drawn.canary };
    const { data } = MCPServer.safeParse({
      apiVersion: 'mcpruntime.org/v1alpha1',
      kind: 'MCPServer',
      metadata: { name: drawn.name, namespace: drawn.namespace, uid: 'an-uid' },
      spec: {
        ...drawn.source,
        replicas: drawn.replicas,
        ...(drawn.canary > 0 ? { rollout } : {}),
        transport: drawn.transport,
        ingressClass: drawn.ingressClass,
        auth: drawn.auth,
        envVars: drawn.env,
        ...(drawn.placement === undefined ? {} : { gateway: { placement: drawn.placement } }),
        ...(drawn.egress === undefined ? {} : { network: { egress: drawn.egress.map((host) => ({ host })) } }),
      },
    });
    return data;
  })
  .filter((made) => made !== undefined);

const settings = OperatorSettings.parse({
  images: { runtime: 'example.com/mcp-runtime:1', pypi: 'example.com/mcp-runtime-python:1' },
  ingress: { host: 'mcp.example.org', parentRef: { name: 'public' } },
});

function observed(of: MCPServer): PlanObserved {
  const addresses = Object.fromEntries(egressHosts(of, settings).map((host, index) => [host, [`192.0.2.${index}`]]));
  return { autoscaled: new Set(), addresses, activity: 'awake', apiServer: [], tokenKeys: '{"keys":[]}' };
}

function objectsOf(of: MCPServer, seen = observed(of)): readonly DesiredObject[] {
  const plan = planObjects(of, settings, seen);
  assert.ok(plan.kind === 'objects');
  return plan.objects;
}

const SERVICE_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
/** Kinds whose names are names of hosts, or of pods in part. */
const SHORT = new Set(['Service', 'Deployment']);

test('names and labels of all objects are ones that Kubernetes takes', () => {
  fc.assert(
    fc.property(server, (one) => {
      for (const { kind, metadata } of objectsOf(one)) {
        assert.ok(ObjectName.safeParse(metadata.name).success, `${kind} ${metadata.name}`);
        if (SHORT.has(kind)) assert.ok(metadata.name.length <= 63 && SERVICE_NAME.test(metadata.name), metadata.name);
        for (const value of Object.values(metadata.labels))
          assert.ok(value.length <= 63 && LABEL_VALUE.test(value), value);
      }
    }),
  );
});

test('objects come sorted, none twice, and the same from the same input however it is ordered', () => {
  fc.assert(
    fc.property(server, (one) => {
      const objects = objectsOf(one);
      const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
      assert.deepEqual(ids, [...new Set(ids)]);
      const kinds = objects.map(({ kind }) => kind);
      assert.deepEqual(kinds, kinds.toSorted());
      const seen = observed(one);
      const turned = Object.fromEntries(Object.entries(seen.addresses).toReversed());
      assert.deepEqual(objectsOf(structuredClone(one), { ...seen, addresses: turned }), objects);
    }),
  );
});

test('every pod keeps to the level Restricted, every server has its network policy, and all but what is shared has an owner', () => {
  fc.assert(
    fc.property(server, (one) => {
      const objects = objectsOf(one);
      const pods = objects.filter(({ kind }) => kind === 'Deployment');
      for (const { spec } of pods) {
        const pod = record(record(record(spec)['template'])['spec']);
        assert.deepEqual(unrestricted(pod), []);
        for (const container of list(pod['containers'])) {
          const names = list(record(container)['env']).map((variable) => record(variable)['name']);
          assert.deepEqual(names, [...new Set(names)]);
        }
      }
      assert.equal(objects.filter(({ kind }) => kind === 'NetworkPolicy').length, Math.min(1, pods.length));
      for (const { metadata } of objects) {
        const shared = metadata.namespace !== one.metadata.namespace || metadata.name.startsWith('mcp-');
        assert.equal(metadata.ownerReferences === undefined, shared, metadata.name);
      }
    }),
  );
});

test('two servers share no object but those of the namespace', () => {
  fc.assert(
    fc.property(server, server, (one, other) => {
      fc.pre(one.metadata.name !== other.metadata.name);
      // `a-canary` is a name that somebody may choose: who owns an object is settled when it is applied.
      fc.pre(!`${one.metadata.name} ${other.metadata.name}`.includes('-canary'));
      const idOf = ({ kind, metadata }: DesiredObject): string => `${kind} ${metadata.namespace} ${metadata.name}`;
      const owned = (of: MCPServer): readonly string[] =>
        objectsOf(of)
          .filter(({ metadata }) => metadata.ownerReferences !== undefined)
          .map(idOf);
      const ids = new Set(owned(one));
      assert.deepEqual(
        owned({ ...other, metadata: { ...other.metadata, namespace: one.metadata.namespace } }).filter((id) =>
          ids.has(id),
        ),
        [],
      );
    }),
  );
});
