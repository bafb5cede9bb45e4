import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';
import { NoSuchDocument, fetchJson } from './fetch-json.ts';
import { ANYWHERE, PUBLIC_ONLY } from './reach.ts';

const never = new AbortController().signal;

test('a host that must be public is asked under no address of a private network, however it is written', async () => {
  await using server = await startTestIssuer();
  const { port } = new URL(server.url);
  const hosts = ['127.0.0.1', '127.1', '0x7f000001', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'];
  for (const host of [...hosts, '0.0.0.0', '[::]', '10.0.0.1', '169.254.169.254', '[fe80::1]', '[fd00::1]']) {
    const asked = fetchJson(new URL(`http://${host}:${port}/keys`), { reach: PUBLIC_ONLY, signal: never });
    await assert.rejects(asked, /not a public address/, host);
  }
  assert.deepEqual(server.asked, []);
  await fetchJson(new URL(`http://localhost:${port}/keys`), { reach: ANYWHERE, signal: never });
  assert.deepEqual(server.asked, ['/keys']);
});

test('what is no document is told apart from a host that does not answer', async () => {
  await using server = await startTestIssuer();
  server.documents.set('/moved', (response) => void response.writeHead(307, { location: '/keys' }).end());
  server.documents.set('/text', (response) => void response.end('hello'));
  server.documents.set('/large', (response) => sendJson(response, `"${'a'.repeat(1024 * 1024)}"`));
  server.documents.set('/broken', (response) => void response.destroy());
  const get = (path: string): Promise<unknown> =>
    fetchJson(new URL(`${server.url}${path}`), { reach: ANYWHERE, signal: never });
  for (const path of ['/moved', '/text', '/large', '/missing']) await assert.rejects(get(path), NoSuchDocument, path);
  await assert.rejects(get('/broken'), (error) => !(error instanceof NoSuchDocument));
  assert.deepEqual(server.asked, ['/moved', '/text', '/large', '/missing', '/broken']);
});

test('a read ends when it is told to, before the answer and in the middle of it', async () => {
  await using server = await startTestIssuer();
  for (const start of ['head', 'body'] as const) {
    const ending = new AbortController();
    server.documents.set('/slow', (response) => {
      if (start === 'body') response.writeHead(200).write('[');
      setImmediate(() => ending.abort());
    });
    const asked = fetchJson(new URL(`${server.url}/slow`), { reach: ANYWHERE, signal: ending.signal });
    await assert.rejects(asked, { name: 'AbortError' }, start);
  }
});

test('a form is sent by POST, as it is', async () => {
  await using server = await startTestIssuer();
  let seen: readonly string[] = [];
  server.documents.set('/introspect', (response) => {
    const { method, headers } = response.req;
    seen = [method ?? '', headers['content-type'] ?? '', headers.authorization ?? ''];
    sendJson(response, { active: false });
  });
  const form = new URLSearchParams({ token: 'a&b' });
  const headers = { authorization: 'Basic eDp5' };
  const rules = { reach: ANYWHERE, signal: never, form, headers };
  assert.deepEqual(await fetchJson(new URL(`${server.url}/introspect`), rules), { active: false });
  assert.deepEqual(seen, ['POST', 'application/x-www-form-urlencoded', 'Basic eDp5']);
});
