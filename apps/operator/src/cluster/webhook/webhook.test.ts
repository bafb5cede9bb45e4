import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import { API_VERSION, CLUSTER } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { type ResourceClient, SECRETS, VALIDATING_WEBHOOKS, openMemoryStore } from '@mcp-runtime/kube';
import fc from 'fast-check';
import { type Webhook, startWebhook } from './webhook.ts';

const DAY = 24 * 3_600_000;
/** TLS itself goes by the time of the machine: certificates of this past are valid today, and due for renewal. */
const START = Date.now() - 62 * DAY;
const NAMESPACE = CLUSTER.namespace;
const EMPTY = { server: () => undefined, servers: () => [], grantsOn: () => [] };

const CONFIGURATION = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { namespace: '', name: CLUSTER.webhook },
  webhooks: ['a', 'b'].map((name) => ({ name, clientConfig: { url: 'https://127.0.0.1' } })),
};

interface Started extends AsyncDisposable {
  readonly webhook: Webhook;
  readonly client: ResourceClient;
  readonly clock: { now: number };
  ca(): Promise<string>;
}

async function started(configuration: object = CONFIGURATION): Promise<Started> {
  const clock = { now: START };
  const client = openMemoryStore({ clock: () => clock.now });
  await client.create(VALIDATING_WEBHOOKS, configuration);
  const webhook = await startWebhook({
    client,
    world: EMPTY,
    clock: () => clock.now,
    log: silentLogger,
    namespace: NAMESPACE,
    listen: { host: '127.0.0.1', port: 0 },
    hosts: ['127.0.0.1'],
  });
  return {
    webhook,
    client,
    clock,
    ca: async () => {
      const found = await client.get(VALIDATING_WEBHOOKS, { namespace: '', name: CLUSTER.webhook });
      const bundles = new Set(found?.webhooks?.map(({ clientConfig }) => clientConfig.caBundle ?? ''));
      assert.equal(bundles.size, 1);
      return Buffer.from([...bundles][0] ?? '', 'base64').toString();
    },
    [Symbol.asyncDispose]: async () => {
      await webhook.close();
      await client.close();
    },
  };
}

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly ca: string;
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly serial: string;
}

async function ask({
  path = '/validate/mcpagentsessions',
  method = 'POST',
  body = '',
  ca,
  port,
}: Asked): Promise<Answer> {
  const agent = new Agent({ keepAlive: false });
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    ca,
    agent,
    headers: { 'content-type': 'application/json' },
  });
  asked.end(body);
  const [response]: IncomingMessage[] = await once(asked, 'response');
  const serial = asked.socket instanceof TLSSocket ? asked.socket.getPeerCertificate().serialNumber : '';
  return { status: response?.statusCode ?? 0, body: response === undefined ? '' : await text(response), serial };
}

function review(object: unknown, request: object = {}): string {
  const kind = { group: 'mcpruntime.org', version: 'v1alpha1', kind: 'MCPAgentSession' };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u-1', kind, operation: 'CREATE', object, oldObject: null, ...request },
  });
}

const SESSION = {
  apiVersion: API_VERSION,
  kind: 'MCPAgentSession',
  metadata: { name: 's', namespace: 'team' },
  spec: { serverRef: { name: 'bank' }, subject: { agentID: 'claude' } },
};

test('a review is answered with its id, the verdict and the warnings', async () => {
  await using at = await started();
  const answered = await ask({ port: at.webhook.port, ca: await at.ca(), body: review(SESSION) });
  assert.equal(answered.status, 200);
  assert.deepEqual(JSON.parse(answered.body), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u-1',
      allowed: true,
      warnings: ['MCPAgentSession team/s spec.serverRef: there is no server `team/bank` yet'],
    },
  });
});

test('a refusal is status 422 with one line a fault', async () => {
  await using at = await started();
  const body = review({ ...SESSION, spec: { ...SESSION.spec, subject: {} } });
  const { response } = JSON.parse((await ask({ port: at.webhook.port, ca: await at.ca(), body })).body);
  assert.equal(response.allowed, false);
  assert.deepEqual({ ...response.status, message: '' }, { code: 422, reason: 'Invalid', message: '' });
  assert.match(
    response.status.message,
    /^MCPAgentSession: .*at least one of `humanID`, `agentID` and `teamID` is needed$/,
  );
});

const NO_QUESTIONS: Readonly<Record<string, { path?: string; method?: string; body?: string; status: number }>> = {
  'another path': { path: '/', status: 404 },
  'a path that goes up': { path: '/validate/../mcpservers', status: 404 },
  'another method': { method: 'GET', status: 405 },
  'no JSON': { body: 'review', status: 400 },
  'JSON that is no review': { body: '{"kind":"AdmissionReview"}', status: 400 },
  'a review of another kind': { path: '/validate/mcpservers', body: review(SESSION), status: 400 },
  'a resource that is not ours': { path: '/validate/pods', body: review(SESSION), status: 400 },
  'a deletion': { body: review(SESSION, { operation: 'DELETE' }), status: 400 },
  'more bytes than two objects have': { body: ' '.repeat(9 * 1024 * 1024), status: 413 },
};

for (const [name, { status, ...asked }] of Object.entries(NO_QUESTIONS)) {
  test(`${name} is no question: ${status}`, async () => {
    await using at = await started();
    assert.equal((await ask({ port: at.webhook.port, ca: await at.ca(), ...asked })).status, status);
  });
}

test('whatever is sent, the next review is answered', async () => {
  await using at = await started();
  const [port, ca] = [at.webhook.port, await at.ca()];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.anything().map((object) => review(object)),
      ),
      async (body) => {
        assert.ok([200, 400].includes((await ask({ port, ca, body })).status));
      },
    ),
    { numRuns: 100 },
  );
  assert.equal((await ask({ port, ca, body: review(SESSION) })).status, 200);
});

test('a certificate is renewed while it serves, and who trusts the authority notices nothing', async () => {
  await using at = await started();
  const ca = await at.ca();
  const before = await ask({ port: at.webhook.port, ca, body: review(SESSION) });
  at.clock.now += 61 * DAY;
  await at.webhook.renew();
  assert.equal(await at.ca(), ca);
  const after = await ask({ port: at.webhook.port, ca, body: review(SESSION) });
  assert.equal(after.status, 200);
  assert.notEqual(after.serial, before.serial);
});

test('a second replica serves with the certificate of the first, and writes nothing', async () => {
  await using at = await started();
  const secret = await at.client.get(SECRETS, { namespace: NAMESPACE, name: CLUSTER.webhookCertificate });
  await using second = await startWebhook({
    client: at.client,
    world: EMPTY,
    clock: () => at.clock.now,
    log: silentLogger,
    namespace: NAMESPACE,
    listen: { host: '127.0.0.1', port: 0 },
    hosts: ['127.0.0.1'],
  });
  assert.equal((await ask({ port: second.port, ca: await at.ca(), body: review(SESSION) })).status, 200);
  assert.deepEqual(await at.client.get(SECRETS, { namespace: NAMESPACE, name: CLUSTER.webhookCertificate }), secret);
});

test('where cert-manager publishes the authority, nothing is written over it', async () => {
  const annotations = { 'cert-manager.io/inject-ca-from': `${NAMESPACE}/webhook` };
  await using own = await started();
  const secret = await own.client.get(SECRETS, { namespace: NAMESPACE, name: CLUSTER.webhookCertificate });
  const client = openMemoryStore({ clock: () => START });
  await client.create(VALIDATING_WEBHOOKS, { ...CONFIGURATION, metadata: { ...CONFIGURATION.metadata, annotations } });
  await client.create(SECRETS, { ...secret, metadata: { namespace: NAMESPACE, name: CLUSTER.webhookCertificate } });
  const before = await client.list(VALIDATING_WEBHOOKS);
  await using webhook = await startWebhook({
    client,
    world: EMPTY,
    clock: () => START + 1000 * DAY,
    log: silentLogger,
    namespace: NAMESPACE,
    listen: { host: '127.0.0.1', port: 0 },
  });
  await webhook.renew();
  assert.deepEqual(await client.list(VALIDATING_WEBHOOKS), before);
  await client.close();
});
