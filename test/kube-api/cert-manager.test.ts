/** Servers with client certificates whose certificates cert-manager issues: without it, and with its own controllers. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { type MCPServer, sessionSpiffeId } from '../../packages/api/src/index.ts';
import { silentLogger } from '../../packages/base/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { CERTIFICATES, DEPLOYMENTS, SECRETS } from '../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../packages/kube/src/kubernetes/index.ts';
import { OperatorSettings } from '../../apps/operator/src/cluster/index.ts';
import { keepAuthority } from '../../apps/operator/src/cluster/mtls/keep.ts';
import { type TestCertificate } from '../../apps/gateway/src/testing/certificates.ts';
import { askOverTls } from '../../apps/gateway/src/testing/https.ts';
import { aServer } from '../support/objects.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { startGateway } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until, untilTrue } from '../support/until.ts';
import { defineCertificates, hasDefinitions, noCertManager, startCertManager } from './support/cert-manager.ts';
import { FILES } from './support/alice.ts';
import {
  TRUST_DOMAIN,
  certifiedFiles,
  gatewayFlags,
  saveTokenKeys,
  startMcpServer,
  verdictOf,
} from './support/certified-server.ts';
import { noCluster, openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { OperatorProcess } from './support/operator-process.ts';
import { fillTlsVolume } from './support/tls-volume.ts';

const MTLS = { issuer: 'cert-manager', issuerRef: { kind: 'Issuer', name: 'internal' } };
const CERTIFICATE = `${FILES}-gateway-mtls`;

suite('cert-manager', { skip: noCluster }, () => {
  test('a cluster without it: its servers say what is missing, and the others run', async (t) => {
    await using use = new AsyncDisposableStack();
    const { client, namespace } = await start(use);
    if (await hasDefinitions(client)) return t.skip('this cluster has cert-manager');
    await startOperator(use, namespace);
    await namespace.apply(...certifiedFiles(namespace.name, 1), aServer('plain', { image: 'localhost/files:1' }));
    await until('the other one runs', () => client.get(DEPLOYMENTS, { namespace: namespace.name, name: 'plain' }));
    const { reason, message } = await conditionOf(client, namespace, 'InvalidConfig');
    assert.equal(reason, 'InvalidConfig');
    assert.match(message, /does not serve `certificates` of `cert-manager.io\/v1`; .* settings of the operator/);
  });

  test(
    'certificates are issued, renewed under open connections, and follow their servers',
    {
      skip: noCertManager,
    },
    async () => {
      await using use = new AsyncDisposableStack();
      const { client, namespace } = await start(use);
      const upstream = await startMcpServer();
      use.defer(upstream.close);
      const folder = use.use(await tempDir());
      await startOperator(use, namespace);
      await namespace.apply(...certifiedFiles(namespace.name, upstream.port));
      if (!(await hasDefinitions(client))) await conditionOf(client, namespace, 'InvalidConfig');

      use.use(await defineCertificates(client));
      const key = { namespace: namespace.name, name: FILES };
      const pending = await conditionOf(client, namespace, 'CertificatePending');
      assert.equal(
        pending.message,
        `the Certificate \`${CERTIFICATE}\` is not ready: cert-manager has not looked at it yet`,
      );
      use.use(startCertManager());
      await until(
        'it says what it waits for',
        async () =>
          (await conditionOf(client, namespace, 'CertificatePending')).message.includes('Secret does not exist') ||
          undefined,
      );

      const id = sessionSpiffeId(TRUST_DOMAIN, namespace.name, FILES);
      await namespace.apply(...issuers(id));
      const first = await fillTlsVolume(client, key, folder.path);
      await untilTrue('nothing is said of the certificate any more', async () => {
        const server = await client.get(SERVERS, key);
        return workloadOf(server)?.reason !== 'CertificatePending';
      });
      const issued = new X509Certificate(first);
      const hosts = [
        FILES,
        `${FILES}.${key.namespace}.svc`,
        `${FILES}.${key.namespace}.svc.cluster.local`,
        'localhost',
      ];
      for (const host of hosts) assert.equal(issued.checkHost(host), host);
      assert.deepEqual(issued.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers alone');
      assert.equal(issued.validToDate.getTime() - issued.validFromDate.getTime(), 24 * 3_600_000);

      await saveTokenKeys(client, key, folder.path);
      const gateway = use.use(await startGateway(gatewayFlags(namespace.name, folder.path), folder.path));
      const url = `${gateway.url.replace('127.0.0.1', 'localhost')}/${namespace.name}/mcp`;
      const settings = OperatorSettings.parse({ images: { runtime: 'none' }, mtls: MTLS });
      const authority = keepAuthority({ client, settings, clock: Date.now, log: silentLogger });
      const trusted = (): Promise<string> => authority.trustedFor(key);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      use.defer(() => agent.destroy());
      const alice = await secretOf(client, namespace, 'alice');
      const call = (as?: TestCertificate, over?: Agent) => verdictOf(url, trusted, as, over);
      await untilTrue('the server is served', async () => (await call(alice)) === 'allowed');
      assert.equal(await call(), 'missing_client_certificate');
      const own = { cert: first, key: await readFile(join(folder.path, 'tls.key'), 'utf8') };
      assert.equal(await call(own), 'missing_client_certificate', 'the certificate of a gateway opens nothing');
      assert.equal(await call(alice, agent), 'allowed');
      const [open] = Object.values(agent.freeSockets).flat();

      await renew(client, namespace);
      await untilTrue('there is another one', async () => (await fillTlsVolume(client, key, folder.path)) !== first);
      assert.notEqual(await readFile(join(folder.path, 'tls.key'), 'utf8'), own.key, 'with a key of its own');
      await untilTrue('the gateway has read it', async () => {
        const { body } = await askOverTls(new URL('/metrics', url), { ca: await trusted() });
        return /tls_reloads_total\{outcome="ok"\} [1-9]/.test(body);
      });
      assert.equal(await call(alice, agent), 'allowed');
      assert.deepEqual(Object.values(agent.freeSockets).flat(), [open], 'the connection is the one that was open');
      assert.equal(await call(alice), 'allowed');

      const elsewhere = 'other.example.com';
      await namespace.kubectl(['patch', 'mcpserver', FILES, '--type=merge', '-p', hostPatch(elsewhere)]);
      await untilTrue('it is issued for another host', async () =>
        Boolean(new X509Certificate(await fillTlsVolume(client, key, folder.path)).checkHost(elsewhere)),
      );
      await namespace.kubectl(['delete', 'mcpserver', FILES]);
      await untilTrue(
        'it goes with its server',
        async () => (await client.get(CERTIFICATES, { ...key, name: CERTIFICATE })) === undefined,
      );
    },
  );
});

async function start(
  use: AsyncDisposableStack,
): Promise<{ readonly client: KubernetesClient; readonly namespace: TestNamespace }> {
  const client = use.use(await openClient());
  await serveDefinitions(client);
  return { client, namespace: use.use(await testNamespace('cert-manager')) };
}

async function startOperator(use: AsyncDisposableStack, { name }: TestNamespace): Promise<void> {
  const folder = use.use(await tempDir());
  const file = join(folder.path, 'operator.yaml');
  const settings = { namespace: name, watchNamespace: name, images: { runtime: 'none' }, ingress: { kind: 'none' } };
  await writeFile(file, stringify({ ...settings, mtls: MTLS }));
  use.use(await OperatorProcess.start(file));
}

function workloadOf(server: MCPServer | undefined) {
  return server?.status?.conditions?.find(({ type }) => type === 'WorkloadReady');
}

/** `WorkloadReady` of the server, once it has this reason. */
function conditionOf(client: KubernetesClient, { name: namespace }: TestNamespace, reason: string) {
  return until(`the server says ${reason}`, async () => {
    const condition = workloadOf(await client.get(SERVERS, { namespace, name: FILES }));
    return condition?.reason === reason ? condition : undefined;
  });
}

/** An authority that signs itself, the issuer of its certificates, and what it issues a caller. */
function issuers(spiffeId: string): readonly object[] {
  const of = (kind: string, name: string, spec: object) => ({
    apiVersion: 'cert-manager.io/v1',
    kind,
    metadata: { name },
    spec,
  });
  return [
    of('Issuer', 'self-signed', { selfSigned: {} }),
    of('Certificate', 'authority', {
      isCA: true,
      commonName: 'authority of the tests',
      secretName: 'authority',
      privateKey: { algorithm: 'ECDSA', size: 256 },
      issuerRef: { name: 'self-signed' },
    }),
    of('Issuer', MTLS.issuerRef.name, { ca: { secretName: 'authority' } }),
    of('Certificate', 'alice', {
      secretName: 'alice',
      uris: [spiffeId],
      usages: ['digital signature', 'client auth'],
      issuerRef: { name: MTLS.issuerRef.name },
    }),
  ];
}

function secretOf(
  client: KubernetesClient,
  { name: namespace }: TestNamespace,
  name: string,
): Promise<TestCertificate> {
  return until(`there is a Secret ${name}`, async () => {
    const data = (await client.get(SECRETS, { namespace, name }))?.data;
    const text = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
    return data && { cert: text('tls.crt'), key: text('tls.key') };
  });
}

/** What `cmctl renew` does. */
async function renew(client: KubernetesClient, namespace: TestNamespace): Promise<void> {
  await untilTrue('it is asked for', async () => {
    const certificate = await client.get(CERTIFICATES, { namespace: namespace.name, name: CERTIFICATE });
    const issuing = { type: 'Issuing', status: 'True', reason: 'ManuallyTriggered', message: 'by the tests' };
    const text = JSON.stringify({ status: { conditions: [...conditionsOf(certificate?.status), issuing] } });
    return namespace
      .kubectl(['patch', 'certificate', CERTIFICATE, '--subresource=status', '--type=merge', '-p', text])
      .then(
        () => true,
        () => false,
      );
  });
}

function conditionsOf(status: unknown): readonly object[] {
  const conditions: unknown = JSON.parse(JSON.stringify(status ?? {})).conditions;
  return Array.isArray(conditions) ? conditions : [];
}

function hostPatch(ingressHost: string): string {
  return JSON.stringify({ spec: { ingressHost } });
}
