import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { ANNOTATIONS, CLUSTER } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { CONFIG_MAPS, SECRETS, openMemoryStore } from '@mcp-runtime/kube';
import { AUTHORITY_RULES, type AuthorityMaterial, advanced, firstAuthority, signerOf } from './authority.ts';
import { currentAuthority } from './keeper.ts';
import { servingFor } from './serving.ts';

const NOW = Date.parse('2026-05-08T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FILES = { id: 'uid-1', hosts: ['files', 'files.team-a.svc', 'files.example.org'] };

test('an authority is trusted for days before it signs, and after that for as long as it lives', () => {
  const first = firstAuthority(AUTHORITY_RULES, NOW);
  assert.equal(advanced(first, AUTHORITY_RULES, NOW + DAY, 'unasked'), undefined);
  const lateAt = NOW + AUTHORITY_RULES.lifeMs - 300 * DAY;
  const second = advanced(first, AUTHORITY_RULES, lateAt, 'unasked');
  assert.ok(second?.next !== undefined);
  assert.equal(second.current, first.current);
  assert.deepEqual(second.trusted, [first.current.certificate, second.next.certificate]);
  assert.equal(advanced(second, AUTHORITY_RULES, lateAt + 2 * DAY, 'asked'), undefined, 'one is on its way');
  const third = advanced(second, AUTHORITY_RULES, lateAt + 3 * DAY, 'unasked');
  assert.deepEqual(third, { current: second.next, trusted: second.trusted, seed: first.seed });
  const fourth = advanced(third ?? assert.fail(), AUTHORITY_RULES, NOW + AUTHORITY_RULES.lifeMs, 'unasked');
  assert.deepEqual(fourth?.trusted, [second.next.certificate], 'what has ended is not trusted');
});

test('an authority that ended while nobody looked gives way at once', () => {
  const next = advanced(firstAuthority(AUTHORITY_RULES, NOW), AUTHORITY_RULES, NOW + AUTHORITY_RULES.lifeMs, 'unasked');
  assert.equal(next?.next, undefined);
  assert.deepEqual(next?.trusted, [next?.current.certificate]);
});

test('a certificate is kept while it is good, and every other one is for the same key', () => {
  const authority = firstAuthority(AUTHORITY_RULES, NOW);
  const first = servingFor(FILES, authority, undefined, NOW);
  const same = (given: string, at: number, who = FILES, by: AuthorityMaterial = authority): boolean =>
    servingFor(who, by, given, at).certificate === given;
  const other = firstAuthority(AUTHORITY_RULES, NOW);
  assert.deepEqual(
    {
      afterAnHour: same(first.certificate, NOW + HOUR),
      inItsLastThird: same(first.certificate, first.renewAt),
      forAnotherHost: same(first.certificate, NOW, { ...FILES, hosts: [...FILES.hosts, 'new.example.org'] }),
      ofAnotherServer: same(servingFor({ ...FILES, id: 'uid-2' }, authority, undefined, NOW).certificate, NOW),
      ofAnotherAuthority: same(servingFor(FILES, { ...other, seed: authority.seed }, undefined, NOW).certificate, NOW),
      ofNobody: same('nothing', NOW),
    },
    {
      afterAnHour: true,
      inItsLastThird: false,
      forAnotherHost: false,
      ofAnotherServer: false,
      ofAnotherAuthority: false,
      ofNobody: false,
    },
  );
  const later = servingFor(FILES, authority, first.certificate, first.renewAt);
  assert.equal(later.key, first.key);
  const certificate = new X509Certificate(later.certificate);
  assert.ok(certificate.publicKey.equals(createPublicKey(createPrivateKey(later.key))));
  assert.ok(certificate.verify(signerOf(authority.current).publicKey));
  assert.deepEqual(
    FILES.hosts.map((host) => certificate.checkHost(host)),
    FILES.hosts,
  );
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'servers only: nobody is let in by it');
});

test('the Secret is read, taken further when asked for, and never overwritten when it holds something else', async () => {
  const client = openMemoryStore({ clock: () => NOW });
  const namespace = CLUSTER.namespace;
  let now = NOW;
  const look = () =>
    currentAuthority({ client, namespace, rules: AUTHORITY_RULES, clock: () => now, log: silentLogger });
  const secret = async () => (await client.get(SECRETS, { namespace, name: CLUSTER.mtlsAuthority })) ?? assert.fail();
  const first = await look();
  assert.deepEqual(await look(), first);

  const stored = await secret();
  const annotations = { [ANNOTATIONS.rotate]: 'now' };
  await client.update(SECRETS, { ...stored, metadata: { ...stored.metadata, annotations } });
  const second = await look();
  assert.equal(second.trusted.length, 2);
  assert.equal((await secret()).metadata.annotations?.[ANNOTATIONS.rotate], undefined);
  const published = await client.get(CONFIG_MAPS, { namespace, name: CLUSTER.mtlsTrust });
  assert.equal(published?.data?.['ca.crt'], second.trusted.join(''));
  now += AUTHORITY_RULES.settleMs;
  assert.deepEqual((await look()).current, second.next);

  await client.update(SECRETS, { ...(await secret()), data: { 'tls.crt': 'AAAA' } });
  await assert.rejects(look(), { code: 'data_corrupt' });
  assert.deepEqual((await secret()).data, { 'tls.crt': 'AAAA' });
});
