import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AppError } from '@mcp-runtime/api';
import { isAbsent, refusalOf } from './api-status.ts';

const ASKED = { what: 'Widget `a/b`', type: { plural: 'widgets', apiVersion: 'testing.mcpruntime.org/v1' } };

function status(code: number, reason: string, message: string, details?: object): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...(details && { details }) };
}

const REFUSALS: Readonly<Record<string, readonly [number, unknown, string]>> = {
  'a credential that is not accepted': [
    401,
    status(401, 'Unauthorized', 'Unauthorized'),
    'cluster_access_refused: Widget `a/b`: Unauthorized',
  ],
  'what roles do not allow': [
    403,
    status(403, 'Forbidden', 'widgets "b" is forbidden: User "x" cannot get', { name: 'b' }),
    'forbidden: Widget `a/b`: widgets "b" is forbidden: User "x" cannot get',
  ],
  'what is created where everything ends': [
    403,
    status(403, 'Forbidden', 'widgets "b" is forbidden: unable to create new content in namespace a', {
      name: 'b',
      causes: [{ reason: 'NamespaceTerminating', message: 'namespace a is being terminated' }],
    }),
    'conflict: Widget `a/b`: its namespace is ending',
  ],
  'an invalid object, with its fields': [
    422,
    status(422, 'Invalid', 'long text', {
      name: 'b',
      causes: [
        { reason: 'FieldValueInvalid', message: 'must be a number', field: 'spec.size' },
        { reason: 'FieldValueRequired', message: 'Required value', field: '<nil>' },
      ],
    }),
    'invalid_resource: Widget `a/b`: spec.size: must be a number; Required value',
  ],
  'fields of other managers': [
    409,
    status(409, 'Conflict', 'Apply failed', {
      causes: [
        { reason: 'FieldManagerConflict', message: 'conflict with "files" using v1', field: '.spec.size' },
        { reason: 'FieldManagerConflict', message: 'conflict with "a \\"b\\"" using v1', field: '.spec.color' },
      ],
    }),
    'conflict: `.spec.size` is owned by `files`, `.spec.color` is owned by `a \\"b\\"`',
  ],
  'an update of what is gone': [
    409,
    status(409, 'Conflict', 'Precondition failed: UID in precondition: 1, UID in object meta: '),
    'not_found: Widget `a/b` does not exist',
  ],
  'an old version': [
    410,
    status(410, 'Expired', 'too old resource version: 1 (2)'),
    'resource_version_expired: Widget `a/b`: too old resource version: 1 (2)',
  ],
  'a kind that is not served': [
    404,
    '404 page not found',
    'not_found: the Kubernetes API does not serve `widgets` of `testing.mcpruntime.org/v1`',
  ],
  'a webhook that fails': [
    500,
    status(500, 'InternalError', 'failed calling webhook'),
    'service_unavailable: Widget `a/b`: failed calling webhook',
  ],
  'a proxy that is no API server': [502, undefined, 'service_unavailable: Widget `a/b`: HTTP status 502'],
  'a reason of a later release': [409, status(409, 'SomethingNew', 'no'), 'conflict: Widget `a/b`: no'],
  'control characters': [400, status(400, 'BadRequest', 'a\u001b[31m\nb'), 'invalid_request: Widget `a/b`: a [31m b'],
};

for (const [what, [code, body, expected]] of Object.entries(REFUSALS)) {
  test(`the API server's answer becomes one of the table: ${what}`, () => {
    const error: AppError = refusalOf(code, body, ASKED);
    assert.equal(`${error.code}: ${error.message}`, expected);
  });
}

test('a message of any length stays one bounded line', () => {
  const { message } = refusalOf(422, status(422, 'Invalid', 'x'.repeat(100_000)), ASKED);
  assert.ok(message.length < 2_100);
});

test('only an object that is not there is absent: not its namespace, nor its kind', () => {
  const gone = (details?: object): boolean => isAbsent(status(404, 'NotFound', 'not found', details), 'b');
  assert.equal(gone({ name: 'b', kind: 'widgets' }), true);
  assert.equal(gone({ name: 'b', kind: 'namespaces' }), false);
  assert.equal(gone({ name: 'a', kind: 'widgets' }), false);
  assert.equal(gone(), false);
  assert.equal(isAbsent('404 page not found', 'b'), false);
});
