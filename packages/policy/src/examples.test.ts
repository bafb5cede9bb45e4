import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PolicyDocument } from '@mcp-runtime/api';
import { z } from 'zod';
import { compilePolicy } from './compile.ts';
import { evaluate } from './evaluate.ts';
import { parsePolicy } from './parse.ts';
import { revisionOf } from './revision.ts';
import { decisionText } from './decision-text.ts';

const EvaluateCase = z.object({
  kind: z.literal('evaluate'),
  id: z.string(),
  tags: z.array(z.string()),
  policy: PolicyDocument,
  request: z.record(z.string(), z.string()),
  expect: z.record(z.string(), z.unknown()),
});
const LoadCase = z.object({
  kind: z.literal('load'),
  id: z.string(),
  tags: z.array(z.string()),
  policy_text: z.string(),
  expect: z.object({ accepted: z.boolean(), revision: z.string() }),
});
const Examples = z.object({ cases: z.array(z.union([EvaluateCase, LoadCase, z.object({ kind: z.literal('http') })])) });

const { cases } = Examples.parse(
  JSON.parse(readFileSync(new URL('../testdata/examples.json', import.meta.url), 'utf8')),
);

for (const example of cases) {
  if (example.kind === 'evaluate') {
    test(`decides like the first gateway: ${example.id} ${example.tags.join(' ')}`, () => {
      const { request } = example;
      const decision = evaluate(compilePolicy(example.policy), {
        method: request['method'] ?? '',
        target: { kind: 'tool', name: request['tool'] ?? '' },
        identity: {
          human: request['human_id'] ?? '',
          agent: request['agent_id'] ?? '',
          team: request['team_id'] ?? '',
          session: request['session_id'] ?? '',
        },
        now: Date.parse(request['now'] ?? ''),
      });
      assert.deepEqual(decisionText(decision), example.expect);
      assert.equal(revisionOf(example.policy), example.policy.revision);
    });
  }
  if (example.kind === 'load') {
    test(`accepts and refuses documents like the first gateway: ${example.id} ${example.tags.join(' ')}`, () => {
      const parsed = parsePolicy(example.policy_text);
      assert.equal(parsed.ok, example.expect.accepted, parsed.ok ? 'accepted' : parsed.message);
      if (parsed.ok) assert.equal(parsed.document.revision, example.expect.revision);
    });
  }
}
