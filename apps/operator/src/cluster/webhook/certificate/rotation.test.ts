import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ROTATION, type RotationRules, firstMaterial, rotated } from './rotation.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const DAY = 24 * 3_600_000;
const RULES: RotationRules = { ...ROTATION, hosts: ['mcp-runtime-webhook.mcp-runtime.svc', '127.0.0.1'] };

test('the certificate is for its names, of its authority, and for servers only', () => {
  const { authorities, certificate } = firstMaterial(RULES, START);
  const [authority, leaf] = [new X509Certificate(authorities[0] ?? ''), new X509Certificate(certificate)];
  assert.equal(authorities.length, 1);
  assert.ok(authority.ca && !leaf.ca);
  assert.ok(authority.verify(authority.publicKey) && leaf.verify(authority.publicKey) && leaf.checkIssued(authority));
  assert.equal(leaf.subjectAltName, 'DNS:mcp-runtime-webhook.mcp-runtime.svc, IP Address:127.0.0.1');
  assert.equal(leaf.validToDate.getTime(), START + 90 * DAY);
});

test('nothing is made anew while all is well', () => {
  assert.equal(rotated(firstMaterial(RULES, START), RULES, START + 30 * DAY), undefined);
});

test('a certificate is renewed in the last third of its life, by the same authority', () => {
  const first = firstMaterial(RULES, START);
  const next = rotated(first, RULES, START + 61 * DAY);
  assert.deepEqual(next?.authorities, first.authorities);
  assert.notEqual(next?.certificate, first.certificate);
});

test('a new name gives a new certificate at once', () => {
  const next = rotated(firstMaterial(RULES, START), { ...RULES, hosts: [...RULES.hosts, 'other.svc'] }, START + 1);
  assert.match(new X509Certificate(next?.certificate ?? '').subjectAltName ?? '', /DNS:other\.svc/);
});

for (const part of ['authorityKey', 'certificate', 'key'] as const) {
  test(`a Secret whose ${part} does not belong to the rest is made anew`, () => {
    const strange = { ...firstMaterial(RULES, START), [part]: firstMaterial(RULES, START)[part] };
    assert.notEqual(rotated(strange, RULES, START + 1), undefined);
    assert.notEqual(rotated({ ...strange, [part]: 'no PEM' }, RULES, START + 1), undefined);
  });
}

test('whenever it is looked at, what is served was trusted before, or nothing was', () => {
  const pauses = fc.array(fc.integer({ min: 60_000, max: 20 * DAY }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(pauses, (steps) => {
      let now = START;
      let material = firstMaterial(RULES, now);
      let published = { at: now, authorities: material.authorities };
      for (const step of steps) {
        now += step;
        const next = rotated(material, RULES, now);
        if (next === undefined) continue;
        const leaf = new X509Certificate(next.certificate);
        if (next.certificate !== material.certificate) {
          const signer = published.authorities.find((pem) => leaf.checkIssued(new X509Certificate(pem)));
          assert.ok(signer !== undefined, 'signed by one that was published before');
          assert.ok(leaf.validToDate.getTime() > now);
        }
        assert.ok(next.authorities.some((pem) => leaf.checkIssued(new X509Certificate(pem))));
        material = next;
        published = { at: now, authorities: next.authorities };
      }
    }),
    { numRuns: 20 },
  );
});

test('an authority is followed by another, and stays trusted until it ends', () => {
  let material = firstMaterial(RULES, START);
  const counts = new Set<number>();
  for (let day = 1; day <= 1500; day += 1) {
    material = rotated(material, RULES, START + day * DAY) ?? material;
    counts.add(material.authorities.length);
  }
  assert.deepEqual(counts, new Set([1, 2]));
  assert.ok(new X509Certificate(material.authorities[0] ?? '').validFromDate.getTime() > START + 365 * DAY);
});
