import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Subject, SubjectIndex, matches } from './subject-index.ts';

/** Texts that run together when they are put side by side without care. */
const text = fc.constantFrom('', '', 'a', 'aa', '1', '1:', '0:1:', ':');
const subjects: fc.Arbitrary<Subject> = fc.record({ human: text, agent: text, team: text });

test('finds exactly the subjects that match, in the order given, also when asked again', () => {
  fc.assert(
    fc.property(fc.array(subjects), fc.array(subjects), (entries, callers) => {
      const index = new SubjectIndex(entries.map((subject, order) => [subject, order] as const));
      for (const caller of [...callers, ...callers]) {
        const expected = [...entries.keys()].filter((order) => matches(entries[order] ?? caller, caller));
        assert.deepEqual(index.matching(caller), expected);
      }
    }),
    { numRuns: 1000 },
  );
});

test('answers as before after more callers than it remembers', () => {
  const index = new SubjectIndex([[{ human: 'h', agent: '', team: '' }, 'found']]);
  for (let n = 0; n < 10_000; n++) assert.deepEqual(index.matching({ human: `h${n}`, agent: '', team: '' }), []);
  assert.deepEqual(index.matching({ human: 'h', agent: 'a', team: 'm' }), ['found']);
});
