import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { CLUSTER, ERRORS, sessionSpiffeId } from '../../packages/api/src/index.ts';
import { CONFIG_MAPS } from '../../packages/kube/src/index.ts';
import { type TestCertificate } from '../../apps/gateway/src/testing/certificates.ts';
import { askOverTls } from '../../apps/gateway/src/testing/https.ts';
import { clientCertificate } from '../kube-api/support/client-certificate.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ENDS_AT_ONCE, EVERYTHING, everythingWith } from './support/everything.ts';
import { type Installation, allReady, install } from './support/installation.ts';

const TRUST_DOMAIN = 'example.org';
const HOST = 'certified.example.org';

/** With the roles of the installation, the volumes of a kubelet and the names of the cluster. */
suite('client certificates on pods', () => {
  let installation: Installation;
  let namespace: TestNamespace;

  before(async () => {
    installation = await install(['settings={dns: {cidrs: [10.240.0.1/32]}}']);
    namespace = await testNamespace('certified');
    const spec = {
      ...ENDS_AT_ONCE,
      auth: { mode: 'mtls', trustDomain: TRUST_DOMAIN },
      ingressHost: HOST,
      ingressClass: 'none',
      publicPathPrefix: 'certified',
    };
    await namespace.apply(...everythingWith({ granted: ['echo'], others: ['get-sum'], spec }));
    await allReady(namespace.name, [EVERYTHING]);
  });
  after(() => namespace[Symbol.asyncDispose]());

  test('a session is known by its certificate, and nobody is without one', async () => {
    const verdict = await callerOf(installation, namespace);
    await using folder = await tempDir();
    const certificateFor = (session: string) =>
      clientCertificate(installation.client, {
        namespace: CLUSTER.namespace,
        folder: folder.path,
        spiffeId: sessionSpiffeId(TRUST_DOMAIN, namespace.name, session),
      });
    const as = await certificateFor(EVERYTHING);
    assert.equal(await verdict('echo', as), 'allowed');
    assert.equal(await verdict('get-sum', as), 'tool_not_granted');
    assert.equal(await verdict('echo'), 'missing_client_certificate');
    const nobody = await certificateFor('none');
    assert.equal(await verdict('echo', nobody), 'session_not_found');
  });
});

type Caller = (tool: string, as?: TestCertificate) => Promise<string>;

/** Calls by the address of the Service, under the name that its certificate has. */
async function callerOf({ client }: Installation, namespace: TestNamespace): Promise<Caller> {
  const trust = await client.get(CONFIG_MAPS, { namespace: CLUSTER.namespace, name: CLUSTER.mtlsTrust });
  const ca = trust?.data?.['ca.crt'] ?? '';
  const address = await namespace.kubectl(['get', 'service', EVERYTHING, '--output=jsonpath={.spec.clusterIP}']);
  return async (tool, as) => {
    const params = { name: tool, arguments: { message: 'hello', a: 1, b: 2 } };
    const { status, body } = await askOverTls(`https://${address}:80/certified/mcp`, {
      ca,
      headers: { host: HOST },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      ...(as === undefined ? {} : { as }),
    });
    return Object.keys(ERRORS).find((code) => body.includes(`"${code}"`)) ?? (status < 500 ? 'allowed' : body);
  };
}
