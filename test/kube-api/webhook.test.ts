import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CLUSTER } from '../../packages/api/src/index.ts';
import { silentLogger } from '../../packages/base/src/index.ts';
import { GRANTS, SERVERS } from '../../packages/control-plane/src/index.ts';
import { SECRETS } from '../../packages/kube/src/index.ts';
import { type Webhook, type World, startWebhook } from '../../apps/operator/src/cluster/index.ts';
import { materialOf } from '../../apps/operator/src/cluster/webhook/certificate/secret.ts';
import { WEBHOOK } from '../../scripts/generate/install/cluster-wide.ts';
import { filled } from '../../scripts/generate/install/setting.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import { aGrant, aServer } from '../support/objects.ts';
import { openClient } from './support/cluster.ts';

/** The webhook of the installation, called by a real API server at a URL of this machine. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/**
 * TLS goes by the time of the machine, so what was made in the past is valid today. Authority and certificate are of an age
 * at which both are due.
 */
const LIFE = 730 * DAY;
const NOW = Date.now();
const clock = { now: NOW - 500 * DAY };

const client = await openClient();
const namespace = await testNamespace('webhook');
const configuration = `mcpr-${namespace.name}`;

interface Started {
  readonly webhook: Webhook;
  /** How often it has judged. */
  readonly asked: () => number;
}

const started: Started[] = [];

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, '../../deploy/crds')]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']);
  await namespace.apply(bank([PAY]));
  await callAt(1);
  const first = await start();
  await callAt(first.webhook.port);
  await untilAsked(first);
});

after(async () => {
  await kubectl(['delete', 'validatingwebhookconfiguration', configuration, '--ignore-not-found']);
  for (const { webhook } of started) await webhook.close();
  await namespace[Symbol.asyncDispose]();
  await client.close();
});

const PAY = {
  name: 'pay',
  sideEffect: 'write',
  inputSchema: { type: 'object', properties: { amount: { type: 'number' } } },
};
const bank = (tools: readonly object[]): object => aServer('bank', { image: 'bank:1', tools });
/** What the operator knows of the server. */
const known: { tools: readonly object[] } = { tools: [PAY] };

function grant(name: string, spec: object = {}): string {
  const about = { serverRef: { name: 'bank' }, subject: { humanID: 'alice' } };
  return JSON.stringify(aGrant(name, { ...about, allowedSideEffects: ['write'], ...spec }));
}

const rule = (condition: string): object => ({ toolRules: [{ name: 'pay', decision: 'allow', condition }] });
const FITTING = rule('arguments.amount <= 100.0');
const UNFIT = rule("arguments.amount == 'much'");

test('what fits is written without a word', async () => {
  await namespace.kubectl(['--warnings-as-errors', 'apply', '-f', '-'], grant('fits', FITTING));
});

test('a condition that does not fit the arguments of its tool is refused, and the refusal says what is wrong', async () => {
  await assert.rejects(namespace.kubectl(['apply', '-f', '-'], grant('unfit', UNFIT)), ({ message }) => {
    assert.match(message, /admission webhook "grants\.webhook\.mcpruntime\.org" denied the request/);
    assert.match(
      message,
      new RegExp(`MCPAccessGrant ${namespace.name}/unfit spec\\.toolRules\\[0\\]\\.condition: .*amount`),
    );
    return true;
  });
  await namespace.kubectl(['wait', '--for=delete', 'mcpaccessgrant/unfit', '--timeout=120s']);
});

test('a grant that matches nobody is written, and its author is warned', async () => {
  await namespace.kubectl(['apply', '-f', '-'], grant('nobody', { subject: {} }));
  await assert.rejects(
    namespace.kubectl(['--warnings-as-errors', 'apply', '-f', '-'], grant('nobody', { subject: {}, maxTrust: 'high' })),
    /spec\.subject: names nobody, so the grant matches nobody/,
  );
});

test('a grant can be labelled, disabled and deleted although its tool is another one now', async () => {
  const old = 'mcpaccessgrant/old';
  await namespace.kubectl(['apply', '-f', '-'], grant('old', FITTING));
  known.tools = [{ ...PAY, inputSchema: { type: 'object', properties: { amount: { type: 'string' } } } }];
  try {
    await assert.rejects(namespace.kubectl(['apply', '-f', '-'], grant('fresh', FITTING)), /denied the request/);
    await namespace.kubectl(['label', old, 'a=b']);
    await namespace.kubectl(['patch', old, '--type=merge', '-p', '{"spec":{"disabled":true}}']);
    await namespace.kubectl(['delete', old]);
  } finally {
    known.tools = [PAY];
  }
});

test('authority and certificate are renewed under traffic, and no request fails', async () => {
  const [first] = started;
  assert.ok(first);
  const before = await material();
  const stop = new AbortController();
  const traffic = Promise.all([0, 1].map((worker) => writeUntil(stop.signal, worker)));

  clock.now = NOW - 3 * HOUR;
  await first.webhook.renew();
  const published = await material();
  assert.equal(published.certificate, before.certificate);
  assert.deepEqual(published.authorities.slice(1), before.authorities);

  // Whoever calls the second one knows all that was published before its address was.
  const second = await start();
  await callAt(second.webhook.port);
  await untilAsked(second);

  clock.now = NOW - HOUR;
  await Promise.all([first.webhook.renew(), second.webhook.renew()]);
  const renewed = await material();
  const [authority = ''] = renewed.authorities;
  assert.deepEqual(renewed.authorities, published.authorities);
  assert.ok(new X509Certificate(renewed.certificate).verify(new X509Certificate(authority).publicKey));

  // Its connections begin now, with the new certificate.
  const third = await start();
  await callAt(third.webhook.port);
  await untilAsked(third);
  stop.abort();
  const counts = await traffic;
  assert.ok(Math.min(...counts) > 0, `${counts.join(' and ')} writes`);
});

/** With failure policy Fail a write goes through only if the webhook was called and answered. Rejects when one does not. */
async function writeUntil(signal: AbortSignal, worker: number): Promise<number> {
  for (let count = 0; ; count += 1) {
    if (signal.aborted) return count;
    const metadata = { namespace: namespace.name, name: `traffic-${worker}` };
    const object = { ...JSON.parse(grant('traffic', { subject: { humanID: `human-${count}` } })), metadata };
    await client.apply(GRANTS, object, { fieldManager: 'tests' });
  }
}

async function start(): Promise<Started> {
  let asked = 0;
  const world: World = {
    server: () => {
      asked += 1;
      return SERVERS.parse(bank(known.tools));
    },
    servers: () => [],
    grantsOn: () => [],
  };
  const webhook = await startWebhook({
    client,
    world,
    clock: () => clock.now,
    log: silentLogger,
    namespace: namespace.name,
    configuration,
    listen: { host: '127.0.0.1', port: 0 },
    hosts: ['127.0.0.1'],
    rotation: { authorityLifeMs: LIFE, certificateLifeMs: LIFE },
  });
  const one = { webhook, asked: () => asked };
  started.push(one);
  return one;
}

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly service: { readonly path: string } } }[];
}

/** The configuration of the installation, for this namespace alone, at an address of this machine, and strict. */
async function callAt(port: number): Promise<void> {
  const { webhooks, ...rest }: Configuration = JSON.parse(JSON.stringify(filled(WEBHOOK, ({ fallback }) => fallback)));
  const object = {
    ...rest,
    metadata: { name: configuration },
    webhooks: webhooks.map(({ clientConfig: { service }, ...webhook }) => ({
      ...webhook,
      clientConfig: { url: `https://127.0.0.1:${port}${service.path}` },
      failurePolicy: 'Fail',
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace.name } },
    })),
  };
  await kubectl(['apply', '--server-side', '--field-manager=tests', '-f', '-'], JSON.stringify(object));
}

/** API servers learn of a configuration a moment after it was written. */
async function untilAsked({ asked }: Started): Promise<void> {
  const deadline = Date.now() + 120_000;
  const before = asked();
  while (asked() === before) {
    assert.ok(Date.now() < deadline, 'the API server does not call');
    await namespace.kubectl(['apply', '--dry-run=server', '-f', '-'], grant('probe')).catch(() => '');
  }
}

async function material(): Promise<ReturnType<typeof materialOf>> {
  const secret = await client.get(SECRETS, { namespace: namespace.name, name: CLUSTER.webhookCertificate });
  assert.ok(secret);
  return materialOf(secret);
}
