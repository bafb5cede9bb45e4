import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownsAll } from './ownership.ts';

const ME = 'operator';

/** As a kube-apiserver writes it for a Deployment. */
const FIELDS = {
  'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:ownerReferences': { 'k:{"uid":"u1"}': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"files"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:args': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
        'f:securityContext': {},
      },
    },
  },
};

const WANTED = {
  metadata: { labels: { app: 'files' }, ownerReferences: [{ uid: 'u1', name: 'files' }] },
  spec: {
    replicas: 1,
    template: {
      spec: {
        containers: [{ name: 'files', image: 'i', args: ['a', 'b'], ports: [{ containerPort: 80 }] }],
        securityContext: {},
      },
    },
  },
};

const entry = (fieldsV1: Readonly<Record<string, unknown>>, manager = ME) => ({
  manager,
  operation: 'Apply',
  fieldsV1,
});

function without(text: string): Readonly<Record<string, unknown>> {
  const cut: Readonly<Record<string, unknown>> = JSON.parse(
    JSON.stringify(FIELDS).replace(text, '').replace(',}', '}'),
  );
  return cut;
}

test('everything that was applied is owned, whatever others own beside it', () => {
  assert.equal(ownsAll(WANTED, [entry(FIELDS), entry({ 'f:spec': { 'f:paused': {} } }, 'other')], ME), true);
});

const LOST: Readonly<Record<string, string>> = {
  'a number': '"f:replicas":{},',
  'a label': '"f:labels":{"f:app":{}},',
  'an image in a container': '"f:image":{},',
  'a list as a whole': '"f:args":{},',
  'a port of a container':
    ',"f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{}}}',
  'an empty object': ',"f:securityContext":{}',
};

for (const [what, text] of Object.entries(LOST)) {
  test(`${what} that another manager has taken is seen`, () => {
    const left = without(text);
    assert.notDeepEqual(left, FIELDS, 'the fixture holds it');
    assert.equal(ownsAll(WANTED, [entry(left), entry(FIELDS, 'kubectl-edit')], ME), false);
  });
}

test('what was never applied is not owned', () => {
  assert.equal(ownsAll({ ...WANTED, data: { a: 'b' } }, [entry(FIELDS)], ME), false);
  assert.equal(ownsAll(WANTED, undefined, ME), false);
});

test('a value of a set is owned by itself', () => {
  const fields = { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a"': {} } } };
  assert.equal(ownsAll({ metadata: { finalizers: ['a'] } }, [entry(fields)], ME), true);
  assert.equal(ownsAll({ metadata: { finalizers: ['b'] } }, [entry(fields)], ME), false);
});
