import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Grant, type Session, type Tool, compilePolicy } from './compile.ts';
import { evaluate } from './evaluate.ts';
import { SubjectIndex } from './subject-index.ts';
import { type Size, aLargeDocument, callsOf } from './testing/large-document.ts';
import { NOW } from './testing/documents.ts';

/** How many tools, grants and sessions a decision reads anything of. */
function looksAt(size: Size): Readonly<Record<'tools' | 'grants' | 'sessions', number>> {
  const seen = { tools: new Set<Tool>(), grants: new Set<Grant>(), sessions: new Set<Session>() };
  const watched = <T extends object>(target: T, into: Set<T>): T =>
    new Proxy(target, {
      get(of, name) {
        into.add(of);
        const value: unknown = Reflect.get(of, name);
        return value;
      },
    });
  const document = aLargeDocument(size);
  const policy = compilePolicy(document);
  const grants = (document.grants ?? []).flatMap(({ human_id: human = '', agent_id: agent = '' }) => {
    const subject = { human, agent, team: '' };
    return policy.grants.matching(subject).map((grant) => [subject, watched(grant, seen.grants)] as const);
  });
  const sessions = [...policy.sessions].map(
    ([name, same]) => [name, same.map((session) => watched(session, seen.sessions))] as const,
  );
  const tools = [...policy.tools].map(([name, tool]) => [name, watched(tool, seen.tools)] as const);
  const [call] = callsOf(size, 1);
  assert.ok(call);
  const decision = evaluate(
    { ...policy, tools: new Map(tools), grants: new SubjectIndex(grants), sessions: new Map(sessions) },
    { ...call, now: NOW },
  );
  assert.equal(decision.reason, 'allowed');
  return { tools: seen.tools.size, grants: seen.grants.size, sessions: seen.sessions.size };
}

test('a decision looks at the session, the tool and the grants of its caller, however many others there are', () => {
  const expected = { tools: 1, grants: 2, sessions: 1 };
  assert.deepEqual(looksAt({ tools: 10, grants: 10, sessions: 10 }), expected);
  assert.deepEqual(looksAt({ tools: 500, grants: 500, sessions: 2000 }), expected);
});
