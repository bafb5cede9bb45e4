import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { CLUSTER } from '../../../packages/api/src/index.ts';
import { bearer, openAgent } from '../../support/agent.ts';
import { type TestNamespace, kubectl, testNamespace } from '../../support/kubectl.ts';
import { untilTrue } from '../../support/until.ts';
import { everythingWith } from '../support/everything.ts';
import { type Installation, allReady, install } from '../support/installation.ts';

const ENTRANCE = 'http://10.240.0.1:8000';
const NODE = '10.240.0.1';
const SERVERS = { shared: 'shared', sidecar: 'beside' } as const;
const GATEWAY = { namespace: CLUSTER.namespace, name: 'public' } as const;
const PROGRAM = process.env['TRAEFIK'];
/** `config/crd/standard` of the Gateway API. */
const DEFINITIONS = process.env['GATEWAY_API'];

/**
 * Ingresses and HTTPRoutes with a controller that people use. By hand, since it takes a quarter of an hour to build:
 * TRAEFIK=… GATEWAY_API=… npm run cluster -- exec node --test test/kube-node/controllers/traefik.test.ts
 */
suite(
  'traefik',
  { skip: (PROGRAM === undefined || DEFINITIONS === undefined) && 'TRAEFIK or GATEWAY_API is not set' },
  () => {
    let namespace: TestNamespace;
    let traefik: ChildProcess;

    before(async () => {
      const kinds = ['gatewayclasses', 'gateways', 'httproutes', 'referencegrants', 'grpcroutes', 'backendtlspolicies'];
      const files = [...kinds, 'listenersets', 'tlsroutes', 'tcproutes'].flatMap((kind) => [
        '-f',
        join(DEFINITIONS ?? '', `gateway.networking.k8s.io_${kind}.yaml`),
      ]);
      await kubectl(['apply', '--server-side', ...files]);
      await install();
      await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: CLASSES }));
      namespace = await testNamespace('traefik');
      for (const [placement, name] of Object.entries(SERVERS)) {
        const spec = { gateway: { enabled: true, placement } };
        await namespace.apply(...everythingWith({ granted: ['echo'], others: ['get-sum'], name, spec }));
      }
      traefik = spawn(PROGRAM ?? '', FLAGS, { stdio: 'inherit' });
    });
    after(async () => {
      traefik.kill();
      await once(traefik, 'exit');
      await namespace[Symbol.asyncDispose]();
    });

    test('the Ingresses of an installation that sets nothing', async () => {
      await callsPass(await install(), 'ingresses');
    });

    test('HTTPRoutes that attach to its Gateway', async () => {
      const settings = { packages: {}, ingress: { kind: 'httproute', parentRef: GATEWAY } };
      await callsPass(await install([`settings=${JSON.stringify(settings)}`]), 'httproutes');
    });

    async function callsPass(installation: Installation, kind: 'ingresses' | 'httproutes'): Promise<void> {
      const other = kind === 'ingresses' ? 'httproutes' : 'ingresses';
      await untilTrue('there are routes of that kind alone', async () => {
        const count = async (plural: string): Promise<number> =>
          (await kubectl(['get', plural, '--all-namespaces', '--output=name'])).split('\n').filter(Boolean).length;
        return (await count(kind)) === Object.keys(SERVERS).length && (await count(other)) === 0;
      });
      await allReady(namespace.name, Object.values(SERVERS));
      for (const name of Object.values(SERVERS)) {
        await namespace.kubectl(['wait', '--for=condition=IngressReady', `mcpserver/${name}`, '--timeout=120s']);
        const { pathname } = new URL(await installation.endpoint(namespace.name, name));
        const credentials = bearer(await installation.sessionToken(namespace.name, name));
        const agent = await openAgent(ENTRANCE + pathname, credentials);
        const { verdict, text } = await agent.call('echo', { message: 'hello' });
        assert.equal(verdict, 'allowed', text);
        assert.equal((await agent.call('get-sum', { a: 1, b: 2 })).verdict, 'tool_not_granted');
        assert.equal((await fetch(`${ENTRANCE}/nobody/mcp`)).status, 404);
      }
    }
  },
);

const FLAGS = [
  '--entrypoints.web.address=:8000',
  '--providers.kubernetesingress=true',
  `--providers.kubernetesingress.ingressendpoint.ip=${NODE}`,
  '--providers.kubernetesgateway=true',
  `--providers.kubernetesgateway.statusaddress.ip=${NODE}`,
  '--log.level=WARN',
  '--global.checknewversion=false',
];

/** What its own chart makes. */
const CLASSES = [
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'traefik' },
    spec: { controller: 'traefik.io/ingress-controller' },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: 'traefik' },
    spec: { controllerName: 'traefik.io/gateway-controller' },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: GATEWAY,
    spec: {
      gatewayClassName: 'traefik',
      listeners: [{ name: 'web', port: 8000, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
    },
  },
];
