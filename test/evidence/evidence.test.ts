/** What is claimed is shown by tests that are there. Whether they pass, their own suites tell. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { CLAIM_LISTS, loadClaims } from './evidence.ts';

const root = dirname(dirname(import.meta.dirname));

for (const list of CLAIM_LISTS) {
  const claims = loadClaims(list);
  test(`${list}: ids are unique`, () => {
    assert.equal(new Set(claims.map(({ id }) => id)).size, claims.length);
  });
  for (const { id, shownBy } of claims) {
    test(`${list}: what shows ${id} is there`, () => {
      for (const { file, test: title = '' } of shownBy) {
        assert.ok(readFileSync(join(root, file), 'utf8').includes(title), `${file} has no test \`${title}\``);
      }
    });
  }
}
