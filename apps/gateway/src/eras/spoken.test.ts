import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Spoken, type WayName, wayFor } from './spoken.ts';

const CASES: readonly (readonly [
  modern: Spoken['modern'],
  legacy: Spoken['legacy'],
  forModern: WayName | undefined,
  forLegacy: WayName | undefined,
])[] = [
  [undefined, undefined, undefined, undefined],
  [undefined, 'streamable-http', undefined, 'direct'],
  [undefined, 'none', undefined, undefined],
  [true, 'streamable-http', 'direct', 'direct'],
  [true, 'none', 'direct', 'legacy-to-modern'],
  [true, undefined, 'direct', undefined],
  [false, 'streamable-http', 'modern-to-legacy', 'direct'],
  [false, 'http-sse', 'modern-to-legacy', 'http-sse'],
  [false, 'none', 'direct', 'direct'],
  [false, undefined, undefined, undefined],
];

for (const [modern, legacy, forModern, forLegacy] of CASES) {
  test(`modern ${modern}, legacy ${legacy}: ${forModern} and ${forLegacy}`, () => {
    assert.equal(wayFor('modern', { modern, legacy }), forModern);
    assert.equal(wayFor('legacy', { modern, legacy }), forLegacy);
  });
}
