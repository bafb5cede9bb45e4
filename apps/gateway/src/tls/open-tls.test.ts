import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';
import { z } from 'zod';
import { DEFAULT_LIMITS, type GatewayLimits } from '../options.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestAuthority, createTestAuthority } from '../testing/certificates.ts';
import { askOverTls } from '../testing/https.ts';
import { type TlsFolder, openTlsFolder } from '../testing/tls-folder.ts';
import { until } from '../testing/until.ts';
import { sendJson } from '../testing/upstream.ts';

interface Served {
  readonly authority: TestAuthority;
  readonly folder: TlsFolder;
  readonly bench: Bench;
}

const NAMES = { dns: ['localhost'] };
const Status = z.object({ tls: z.object({ not_after: z.string(), last_reload_error: z.string().optional() }) });

async function serve(use: AsyncDisposableStack, limits: Partial<GatewayLimits> = {}): Promise<Served> {
  const authority = createTestAuthority();
  const folder = use.use(await openTlsFolder(authority.issue(NAMES), createTestAuthority().cert));
  const tls = { files: folder.paths, clientCertificates: 'optional' } as const;
  const listen = { host: 'localhost', port: 0 };
  const bench = await startBench({
    document: testDocument(),
    answer: (_, response) => sendJson(response, OK_RESULT),
    options: { tls, listen, limits: { ...DEFAULT_LIMITS, ...limits } },
  });
  return { authority, folder, bench: use.use(bench) };
}

function call({ bench, authority }: Served, agent?: Agent): ReturnType<typeof askOverTls> {
  return bench.token().then((token) =>
    askOverTls(bench.url, {
      ca: authority.cert,
      headers: { authorization: `Bearer ${token}` },
      body: callOf('read'),
      ...(agent === undefined ? {} : { agent }),
    }),
  );
}

async function statusOf({ bench, authority }: Served): Promise<z.infer<typeof Status>['tls']> {
  const { body } = await askOverTls(`${bench.gateway.url}/config/status`, { ca: authority.cert });
  return Status.parse(JSON.parse(body)).tls;
}

async function untilStatus(served: Served, holds: (status: z.infer<typeof Status>['tls']) => boolean): Promise<void> {
  await until(async () => holds(await statusOf(served)));
}

function handshake({ bench, authority }: Served, options: ConnectionOptions): Promise<unknown[]> {
  const port = Number(new URL(bench.url).port);
  const socket: TLSSocket = connectTls({ port, host: 'localhost', ca: authority.cert, ...options });
  return once(socket, 'secureConnect').finally(() => socket.destroy());
}

test('calls are governed over TLS 1.2 and 1.3, and over nothing older, newer or plain', async () => {
  await using use = new AsyncDisposableStack();
  const served = await serve(use);
  const answer = await call(served);
  assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, OK_RESULT]);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    await handshake(served, { minVersion: version, maxVersion: version });
  }
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  await assert.rejects(handshake(served, old));
  await assert.rejects(handshake(served, { ALPNProtocols: ['h2'] }), /no application protocol/i);
  await assert.rejects(fetch(served.bench.url.replace('https:', 'http:')));
});

test('a new certificate is served without ending what is open, and its end is told', async () => {
  await using use = new AsyncDisposableStack();
  const served = await serve(use);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  use.defer(() => agent.destroy());
  assert.equal((await call(served, agent)).status, 200);
  const [open] = Object.values(agent.freeSockets).flat();
  const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
  await served.folder.put(served.authority.issue({ ...NAMES, notAfter }));
  await untilStatus(served, ({ not_after: end }) => end === notAfter.toISOString());
  assert.equal((await call(served, agent)).status, 200);
  assert.deepEqual(Object.values(agent.freeSockets).flat(), [open]);
  const { body } = await askOverTls(`${served.bench.gateway.url}/metrics`, { ca: served.authority.cert });
  assert.match(body, /tls_reloads_total\{outcome="ok"\} 1/);
  assert.match(body, new RegExp(`certificate_not_after_seconds ${notAfter.getTime() / 1000}`));
});

test('files that are not usable leave those before them in use, and it is told until they are', async () => {
  await using use = new AsyncDisposableStack();
  const served = await serve(use);
  const before = await statusOf(served);
  const broken = [
    { change: { cert: 'no certificate' }, says: /holds no certificate/ },
    { change: { key: createTestAuthority().issue({}).key }, says: /cannot be used together/ },
    { change: { clientCa: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }, says: /cannot be read/ },
  ];
  for (const { change, says } of broken) {
    await served.folder.put({ ...served.authority.issue(NAMES), clientCa: createTestAuthority().cert });
    await untilStatus(served, (status) => status.last_reload_error === undefined);
    await served.folder.put(change);
    await untilStatus(served, (status) => says.test(status.last_reload_error ?? ''));
    assert.equal((await call(served)).status, 200);
  }
  assert.notEqual(before.not_after, '');
  const { body } = await askOverTls(`${served.bench.gateway.url}/metrics`, { ca: served.authority.cert });
  assert.match(body, /tls_reloads_total\{outcome="failed"\} 3/);
});

test('a gateway does not start with files that are not whole', async () => {
  const authority = createTestAuthority();
  await using folder = await openTlsFolder({ ...authority.issue(NAMES), key: authority.issue(NAMES).key }, 'none');
  for (const paths of [folder.paths, { ...folder.paths, cert: '/absent' }]) {
    const tls = { files: paths, clientCertificates: 'optional' } as const;
    const started = startBench({ answer: () => {}, options: { tls } });
    await assert.rejects(started, { code: 'invalid_config' });
  }
});

test('handshakes that do not end are ended, and there are only so many at once', async () => {
  await using use = new AsyncDisposableStack();
  const served = await serve(use, { handshakeTimeoutMs: 1000, maxHandshakes: 2 });
  const port = Number(new URL(served.bench.url).port);
  const silent = Array.from({ length: 3 }, () => connect({ port, host: 'localhost' }));
  // A reset is an end, too.
  await Promise.all(silent.map((socket) => once(socket.resume(), 'close').catch(() => {})));
  assert.equal((await call(served)).status, 200);
  const { body } = await askOverTls(`${served.bench.gateway.url}/metrics`, { ca: served.authority.cert });
  assert.match(body, /handshake_failures_total\{reason="timeout"\} 2/);
  assert.match(body, /handshake_failures_total\{reason="overloaded"\} 1/);
});

test('the listener for readiness checks is plain, and serves nobody else', async () => {
  await using use = new AsyncDisposableStack();
  const { folder } = await serve(use);
  const tls = { files: folder.paths, clientCertificates: 'required' } as const;
  const bench = await startBench({
    document: testDocument(),
    answer: (_, response) => sendJson(response, OK_RESULT),
    options: { tls, probeListen: { host: '127.0.0.1', port: 0 } },
  });
  use.use(bench);
  const url = bench.url.replace(bench.gateway.url, bench.gateway.probeUrl);
  const ask = async (claims: Readonly<Record<string, string>>): Promise<number> => {
    const headers = { authorization: `Bearer ${await bench.token(claims)}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const answer = await fetch(url, { method: 'POST', headers, body });
    return answer.status;
  };
  assert.deepEqual([await ask({ token_use: 'probe' }), await ask({})], [200, 403]);
});
