import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSessionSpiffeId, sessionSpiffeId } from './spiffe.ts';

const DOMAIN = 'example.org';
const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/);

test('what is printed is read again', () => {
  fc.assert(
    fc.property(segment, segment, (namespace, name) => {
      assert.deepEqual(parseSessionSpiffeId(sessionSpiffeId(DOMAIN, namespace, name), DOMAIN), { namespace, name });
    }),
  );
});

test('whatever is read would be printed the same, but for the case of scheme and trust domain', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `spiffe://${DOMAIN}/${text}`),
      ),
      (text) => {
        const session = parseSessionSpiffeId(text, DOMAIN);
        if (session === undefined) return;
        const prefix = `spiffe://${DOMAIN}`.length;
        assert.equal(text.slice(prefix), sessionSpiffeId(DOMAIN, session.namespace, session.name).slice(prefix));
      },
    ),
  );
});

const ACCEPTED = ['spiffe://example.org/ns/a/session/b', 'SPIFFE://Example.ORG/ns/a/session/b'];

const REFUSED = [
  '',
  'https://example.org/ns/a/session/b',
  'spiffe://example.com/ns/a/session/b',
  'spiffe://example.org.evil.com/ns/a/session/b',
  'spiffe://example.org:8443/ns/a/session/b',
  'spiffe://user@example.org/ns/a/session/b',
  'spiffe://example.org/ns/a/session/b/',
  'spiffe://example.org//ns/a/session/b',
  'spiffe://example.org/ns/a/session/b/c',
  'spiffe://example.org/ns/a/session/',
  'spiffe://example.org/ns/a/sa/b',
  'spiffe://example.org/NS/a/Session/b',
  'spiffe://example.org/ns/a/session/b?x=1',
  'spiffe://example.org/ns/a/session/b#x',
  'spiffe://example.org/ns/a/session/%62',
  'spiffe://example.org/ns/a%2fb/session/c',
  'spiffe://example.org/ns/a/session/b\n',
  ' spiffe://example.org/ns/a/session/b',
  'spiffe://example.org/ns/a/session/b,spiffe://example.org/ns/a/session/c',
  `spiffe://example.org/ns/a/session/${'b'.repeat(3000)}`,
];

test('only the whole form of a session of the trust domain is read', () => {
  for (const id of ACCEPTED) assert.deepEqual(parseSessionSpiffeId(id, DOMAIN), { namespace: 'a', name: 'b' }, id);
  for (const id of REFUSED) assert.equal(parseSessionSpiffeId(id, DOMAIN), undefined, id);
});
