/** A server with client certificates on a real API server: its authority, the operator's process, a gateway's, real clients. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { CLUSTER, serverAudience, sessionSpiffeId } from '../../packages/api/src/index.ts';
import { signProbeToken } from '../../packages/control-plane/src/index.ts';
import { CONFIG_MAPS } from '../../packages/kube/src/index.ts';
import { createProbe } from '../../apps/operator/src/probe.ts';
import { openClusterKeys } from '../../apps/operator/src/cluster/index.ts';
import { fetchTrusting } from '../../apps/operator/src/cluster/mtls/trusting-fetch.ts';
import { type TestCertificate, createTestAuthority } from '../../apps/gateway/src/testing/certificates.ts';
import { askOverTls } from '../../apps/gateway/src/testing/https.ts';
import { testNamespace } from '../support/kubectl.ts';
import { startGateway } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { FILES } from './support/alice.ts';
import {
  TRUST_DOMAIN,
  certifiedFiles,
  gatewayFlags,
  saveTokenKeys,
  startMcpServer,
  verdictOf,
} from './support/certified-server.ts';
import { clientCertificate } from './support/client-certificate.ts';
import { noCluster, openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { OperatorProcess } from './support/operator-process.ts';
import { fillTlsVolume } from './support/tls-volume.ts';

suite('mtls', { skip: noCluster }, () => {
  test('callers are who their certificates say, and certificates change under open connections', async () => {
    await using use = new AsyncDisposableStack();
    const client = use.use(await openClient());
    await serveDefinitions(client);
    const namespace = use.use(await testNamespace('mtls'));
    const folder = use.use(await tempDir());
    const company = createTestAuthority('company');
    const upstream = await startMcpServer();
    use.defer(upstream.close);
    await writeFile(
      join(folder.path, 'operator.yaml'),
      stringify({
        namespace: namespace.name,
        watchNamespace: namespace.name,
        images: { runtime: 'none' },
        ingress: { kind: 'none' },
        mtls: { clientAuthorities: company.cert },
      }),
    );
    use.use(await OperatorProcess.start(join(folder.path, 'operator.yaml')));
    await namespace.apply(...certifiedFiles(namespace.name, upstream.port));

    const key = { namespace: namespace.name, name: FILES };
    const first = await fillTlsVolume(client, key, folder.path);
    await saveTokenKeys(client, key, folder.path);
    const gateway = use.use(await startGateway(gatewayFlags(namespace.name, folder.path), folder.path));
    const url = `${gateway.url.replace('127.0.0.1', 'localhost')}/${namespace.name}/mcp`;
    const trusted = async (): Promise<string> =>
      (await client.get(CONFIG_MAPS, { ...key, name: CLUSTER.mtlsTrust }))?.data?.['ca.crt'] ?? '';
    const call = (as?: TestCertificate, agent?: Agent) => verdictOf(url, trusted, as, agent);
    const id = sessionSpiffeId(TRUST_DOMAIN, namespace.name, FILES);

    const asked = { namespace: namespace.name, folder: folder.path, spiffeId: id };
    const own = await clientCertificate(client, asked);
    await untilTrue('the server is served', async () => (await call(own)) === 'allowed');
    const expired = new Date(Date.now() - 60_000);
    assert.deepEqual(
      {
        ofTheCompany: await call(company.issue({ uris: [id] })),
        expired: await call(company.issue({ uris: [id], notAfter: expired })),
        ofAStranger: await call(createTestAuthority('company').issue({ uris: [id] })),
        ofAnotherDomain: await call(company.issue({ uris: [sessionSpiffeId('example.com', namespace.name, FILES)] })),
        withoutASession: await call(company.issue({ uris: [sessionSpiffeId(TRUST_DOMAIN, namespace.name, 'none')] })),
        none: await call(),
        thatOfTheGateway: await call({ cert: first, key: await readFile(join(folder.path, 'tls.key'), 'utf8') }),
      },
      {
        ofTheCompany: 'allowed',
        expired: 'missing_client_certificate',
        ofAStranger: 'missing_client_certificate',
        ofAnotherDomain: 'invalid_spiffe_identity',
        withoutASession: 'session_not_found',
        none: 'missing_client_certificate',
        thatOfTheGateway: 'missing_client_certificate',
      },
    );

    const { ring } = await openClusterKeys(client, namespace.name, Date.now);
    const probe = createProbe({
      version: '1',
      token: async () => {
        const life = { issuedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 };
        return (await signProbeToken(ring.signingKey(), serverAudience(namespace.name, FILES), life)).token;
      },
      fetchFor: async () => fetchTrusting(await trusted()),
    });
    const handshake = await probe(key, url, { signal: AbortSignal.timeout(10_000) });
    assert.deepEqual(
      handshake.tools.map(({ name }) => name),
      ['read'],
      'the readiness check needs no certificate',
    );

    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    use.defer(() => agent.destroy());
    assert.equal(await call(own, agent), 'allowed');
    const [open] = Object.values(agent.freeSockets).flat();
    await namespace.kubectl(['delete', 'configmap', `${FILES}-gateway-mtls`]);
    await untilTrue('there is another one', async () => (await fillTlsVolume(client, key, folder.path)) !== first);
    await untilTrue('the gateway has read it', async () => {
      const { body } = await askOverTls(new URL('/metrics', url), { ca: await trusted() });
      return /tls_reloads_total\{outcome="ok"\} [1-9]/.test(body);
    });
    assert.equal(await call(own, agent), 'allowed');
    assert.deepEqual(Object.values(agent.freeSockets).flat(), [open], 'the connection is the one that was open');
    assert.equal(await call(own), 'allowed');
  });
});
