import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImageSpec, imageArchive } from './oci.ts';

const SPEC: ImageSpec = {
  name: 'localhost/one:test',
  config: { User: '65532', Entrypoint: ['/one'] },
  layers: [[{ path: 'one', kind: 'file', mode: 0o755, data: Buffer.from('one') }]],
};

test('the same files are the same image', () => {
  assert.deepEqual(imageArchive(SPEC), imageArchive(structuredClone(SPEC)));
});

test('the digest is of what runs, not of how it is called', () => {
  const { digest } = imageArchive(SPEC);
  assert.equal(imageArchive({ ...SPEC, name: 'localhost/other:test' }).digest, digest);
  assert.notEqual(imageArchive({ ...SPEC, config: { ...SPEC.config, User: '0' } }).digest, digest);
  assert.notEqual(
    imageArchive({ ...SPEC, layers: [[{ path: 'one', kind: 'file', mode: 0o644, data: Buffer.from('one') }]] }).digest,
    digest,
  );
});
