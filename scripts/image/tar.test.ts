import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { tarOf } from './tar.ts';

function listed(archive: Buffer): readonly string[] {
  return execFileSync('tar', ['--list', '--verbose', '--quoting-style=literal'], { input: archive, encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

test('tar reads kinds, modes, targets and sizes', () => {
  const lines = listed(
    tarOf([
      { path: 'tmp', kind: 'directory', mode: 0o1777 },
      { path: 'tmp/run', kind: 'file', mode: 0o755, data: Buffer.from('x'.repeat(513)) },
      { path: 'link', kind: 'link', target: 'tmp/run' },
    ]),
  );
  assert.match(lines[0] ?? '', /^drwxrwxrwt 0\/0 +0 1970-01-01 .* tmp\/?$/);
  assert.match(lines[1] ?? '', /^-rwxr-xr-x 0\/0 +513 1970-01-01 .* tmp\/run$/);
  assert.match(lines[2] ?? '', /^lrwxrwxrwx .* link -> tmp\/run$/);
});

test('names of any length are read as they were written', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '-', '_', '.', '@'), minLength: 1, maxLength: 90 });
  const path = fc
    .array(name, { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'))
    .filter((joined) => !joined.split('/').some((part) => part === '.' || part === '..'));
  fc.assert(
    fc.property(path, fc.uint8Array({ maxLength: 1100 }), (named, data) => {
      const archive = tarOf([{ path: named, kind: 'file', mode: 0o644, data }]);
      const told = execFileSync('tar', ['--extract', '--to-stdout'], { input: archive });
      assert.deepEqual(new Uint8Array(told), data);
      assert.equal((listed(archive)[0] ?? '').slice(-named.length), named);
    }),
    { numRuns: 30 },
  );
});
