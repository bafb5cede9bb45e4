import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from './compile.ts';
import { isVisible } from './evaluate.ts';
import { documents, identities, thingName, uri } from './testing/arbitrary-documents.ts';
import { NOW, aDocument, aGrant, aSession } from './testing/documents.ts';
import { seesItems } from './seen-items.ts';
import { type NotedList, changedLists, hasBoundary } from './visible-lists.ts';

const SOMEBODY = { human: 'h', agent: '', team: '', session: '' };

test('what is not told to have changed has not changed, and what is has', () => {
  const names: Readonly<Record<NotedList, fc.Arbitrary<string>>> = {
    tools: thingName,
    prompts: thingName,
    resources: uri,
  };
  const things = fc.constantFrom('tools' as const, 'prompts' as const, 'resources' as const);
  fc.assert(
    fc.property(documents, documents, identities, things, fc.nat(2000), (one, other, identity, of, later) => {
      const before = { policy: compilePolicy(one), now: NOW };
      const after = { policy: compilePolicy(other), now: NOW + later };
      const isTold = changedLists(identity, before, after).includes(of);
      const saw = isVisible(before.policy, identity, before.now, of);
      const sees = isVisible(after.policy, identity, after.now, of);
      const differs = fc.sample(names[of], 30).some((name) => saw(name) !== sees(name));
      if (differs) assert.ok(isTold, of);
    }),
    { numRuns: 500 },
  );
});

test('what is remembered of a list is what would be decided, at any time and for any caller', () => {
  const at = (later: number): string => new Date(NOW + later).toISOString();
  const grants = [
    aGrant({ not_before: at(0), expires_at: at(1000), tool_rules: [{ name: 't', required_trust: 'medium' }] }),
    aGrant({ name: 'other', human_id: 'other', expires_at: at(200), tool_rules: [{ name: 'n' }] }),
  ];
  const document = aDocument({ grants, sessions: [aSession({ expires_at: at(500) })], sessionRequired: true });
  const policy = compilePolicy(document);
  const callers = [SOMEBODY, { ...SOMEBODY, session: 's' }, { ...SOMEBODY, human: 'other', session: 's' }];
  const look = fc.tuple(fc.constantFrom(...callers), fc.constantFrom('t', 'n'), fc.integer({ min: -500, max: 1500 }));
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(fc.array(look), (looks) => {
      for (const [identity, tool, later] of looks) {
        const decided = isVisible(policy, identity, NOW + later, 'tools')(tool);
        assert.equal(seesItems(policy, identity, NOW + later, 'tools')(tool), decided);
        seen.add(decided);
      }
    }),
  );
  assert.equal(seen.size, 2);
});

test('the same document compiled again changes nothing for anybody', () => {
  fc.assert(
    fc.property(documents, identities, (document, identity) => {
      const [before, after] = [compilePolicy(document), compilePolicy({ ...document, revision: 'another' })];
      assert.deepEqual(changedLists(identity, { policy: before, now: NOW }, { policy: after, now: NOW }), []);
    }),
  );
});

const RULES: readonly (readonly [
  title: string,
  change: Parameters<typeof aGrant>[0],
  changed: readonly NotedList[],
])[] = [
  ['a tool rule', { tool_rules: [{ name: 't', decision: 'deny' }] }, ['tools']],
  ['a prompt rule', { prompt_rules: [{ name: 'p' }] }, ['prompts']],
  ['a resource rule', { resource_rules: [{ uri: 'file:///a/*' }] }, ['resources']],
  ['a policy version, which decides nothing', { policy_version: 'v9' }, []],
];

for (const [title, change, changed] of RULES) {
  test(`${title} changes ${changed.join(', ') || 'no list'}`, () => {
    const base = { tool_rules: [{ name: 't' }] };
    const document = (grant: Parameters<typeof aGrant>[0]): ReturnType<typeof aDocument> =>
      aDocument({ policy: { enforce_on: 'all' }, grants: [aGrant({ tool_rules: base.tool_rules, ...grant })] });
    const before = { policy: compilePolicy(document({})), now: NOW };
    const after = { policy: compilePolicy(document(change)), now: NOW };
    const found = changedLists(SOMEBODY, before, after);
    for (const list of changed) assert.ok(found.includes(list));
    if (changed.length === 0) assert.deepEqual(found, []);
  });
}

test('a grant that begins or ends in between changes what is seen', () => {
  const at = (ms: number): string => new Date(ms).toISOString();
  const policy = compilePolicy(aDocument({ policy: { enforce_on: 'all' }, grants: [aGrant({ expires_at: at(NOW) })] }));
  const lists = changedLists(SOMEBODY, { policy, now: NOW }, { policy, now: NOW + 1000 });
  assert.deepEqual(lists.includes('prompts'), true);
  assert.deepEqual(changedLists(SOMEBODY, { policy, now: NOW - 1000 }, { policy, now: NOW }), []);
  const instant = Date.parse(at(NOW));
  assert.equal(hasBoundary(policy, instant - 1, instant), true);
  assert.equal(hasBoundary(policy, instant, instant + 5000), false);
});

test('a tool that the document says something else of changes the tools of those who see it, and of nobody else', () => {
  const read = { name: 't', required_trust: 'low', side_effect: 'read' };
  const document = (tools: readonly (typeof read)[]): ReturnType<typeof aDocument> =>
    aDocument({ policy: { enforce_on: 'all' }, tools: [...tools], grants: [aGrant({ tool_rules: [{ name: 't' }] })] });
  const other = { ...read, name: 'u' };
  const before = { policy: compilePolicy(document([read, other])), now: NOW };
  const changed = (tools: readonly (typeof read)[]): readonly NotedList[] =>
    changedLists(SOMEBODY, before, { policy: compilePolicy(document(tools)), now: NOW });
  assert.deepEqual(changed([{ ...read, side_effect: 'destructive' }, other]), ['tools']);
  assert.deepEqual(changed([read, { ...other, side_effect: 'destructive' }]), []);
  assert.deepEqual(changed([read, { ...read, side_effect: 'destructive' }, other]), []);
});
