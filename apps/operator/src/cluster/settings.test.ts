import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorSettings } from './settings.ts';

const images = { runtime: 'localhost/mcp-runtime:dev' };

test('an image of the product is all that an operator needs to be told', () => {
  const { namespace, gateway, ingress, engine, egressDefault } = OperatorSettings.parse({ images });
  assert.deepEqual(
    [namespace, gateway.service, gateway.placement, ingress.kind, engine.workers, egressDefault],
    ['mcp-runtime', 'mcp-runtime-gateway', 'shared', 'ingress', 4, 'deny'],
  );
});

const REFUSED: Readonly<Record<string, readonly [settings: object, path: string]>> = {
  'no image': [{}, 'images'],
  'a setting that there is none of': [{ images, replicas: 2 }, ''],
  'routes without a Gateway to attach to': [{ images, ingress: { kind: 'httproute' } }, 'ingress.parentRef'],
  'a duration without a unit': [{ images, retention: { expiredSessions: '24' } }, 'retention.expiredSessions'],
  'cert-manager without an issuer': [{ images, mtls: { issuer: 'cert-manager' } }, 'mtls.issuerRef'],
  'a registry that is no URL': [{ images, packages: { npmRegistry: 'registry' } }, 'packages.npmRegistry'],
};

for (const [what, [settings, path]] of Object.entries(REFUSED)) {
  test(`refuses ${what}, and says where`, () => {
    const { error } = OperatorSettings.safeParse(settings);
    assert.deepEqual(
      error?.issues.map((issue) => issue.path.join('.')),
      [path],
    );
  });
}

test('without an image it is told how to give one', () => {
  assert.match(OperatorSettings.safeParse({}).error?.issues[0]?.message ?? '', /is needed: `images\.runtime`.*--image/);
});
