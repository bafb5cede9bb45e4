import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Verdict, no, yes } from '../../conditions.ts';
import { withCertificate } from './certificate.ts';

const CREATING = no('Progressing', '0 of 1 replicas are available');

test('pods that wait for a certificate say so, and nothing else does', () => {
  const table: readonly (readonly [string, Verdict, object | undefined, string])[] = [
    ['no certificate is asked for', CREATING, undefined, 'Progressing'],
    ['it was not looked at', CREATING, {}, 'CertificatePending'],
    ['it is not issued', CREATING, ready('False'), 'CertificatePending'],
    ['it is issued', CREATING, ready('True'), 'Progressing'],
    ['pods run, and it is not renewed', yes('Available', ''), ready('False'), 'Available'],
    ['nothing is to run', no('Stopped', ''), ready('False'), 'Stopped'],
    ['its status is something else', CREATING, { conditions: 'none' }, 'CertificatePending'],
  ];
  for (const [when, workload, status, reason] of table)
    assert.equal(withCertificate(workload, status && certificate(status)).reason, reason, when);
  assert.equal(
    withCertificate(CREATING, certificate(ready('False'))).message,
    'the Certificate `files-gateway-mtls` is not ready: the issuer was not found',
  );
});

function ready(status: string): object {
  return { conditions: [{ type: 'Ready', status, message: 'the issuer was not found' }] };
}

function certificate(status: object) {
  const metadata = { namespace: 'team-a', name: 'files-gateway-mtls' };
  return { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', metadata, status };
}
