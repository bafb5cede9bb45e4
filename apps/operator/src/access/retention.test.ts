import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MCPAgentSession } from '@mcp-runtime/api';
import { compilePolicy, evaluate, renderPolicy, sessionStanding } from '@mcp-runtime/policy';
import fc from 'fast-check';
import { aGrant, aServer, aSession, viewOf } from '../testing/access-objects.ts';
import { removalAt } from './retention.ts';
import { accessStatus } from './status.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-06-01T12:00:00Z');
const WEEK = { expiredSessionsMs: 7 * 24 * HOUR };
const files = aServer('files');

/** The session as it is after its status was written `hoursAgo`. */
function seen(session: MCPAgentSession, hoursAgo: number): MCPAgentSession {
  return { ...session, status: accessStatus(session, viewOf([files]), NOW - hoursAgo * HOUR).status };
}

const at = (hours: number): string => new Date(NOW + hours * HOUR).toISOString();

/** What it is, the session, how long sessions are kept, and in how many hours it may be removed. */
const ROWS: readonly (readonly [what: string, session: MCPAgentSession, keptHours: number, inHours?: number])[] = [
  ['expired long ago', seen(aSession({ expiresAt: at(-200) }), 190), 168, -32],
  ['expired an hour ago', seen(aSession({ expiresAt: at(-1) }), 0.5), 168, 167],
  ['expired, and revoked before', seen(aSession({ expiresAt: at(-200), revoked: true }), 300), 168, -32],
  ['a year ago, and nobody looked until now', seen(aSession({ expiresAt: at(-8760) }), 0), 168, 24],
  ['kept for no longer than tokens may live', seen(aSession({ expiresAt: at(-2) }), 1), 1, 23],
  ['never removed, as the setting says', seen(aSession({ expiresAt: at(-200) }), 190), 0],
  ['live', seen(aSession({ expiresAt: at(1) }), 1), 168],
  ['without an end', seen(aSession({}), 1), 168],
  ['revoked for a year, without an end', seen(aSession({ revoked: true }), 8760), 168],
  ['revoked for a year, and still to end', seen(aSession({ revoked: true, expiresAt: at(1) }), 8760), 168],
  ['expired, and no status yet', aSession({ expiresAt: at(-200) }), 168],
];

for (const [what, session, keptHours, inHours] of ROWS) {
  test(`a session that is ${what} is removed ${inHours === undefined ? 'never' : `in ${inHours} hours`}`, () => {
    const removal = removalAt(session, { expiredSessionsMs: keptHours * HOUR }, NOW);
    assert.equal(removal, inHours === undefined ? undefined : NOW + inHours * HOUR);
  });
}

test('a status of another generation says nothing about when a session ended', () => {
  const session = seen(aSession({ expiresAt: at(-200) }), 190);
  const changed = { ...session, metadata: { ...session.metadata, generation: 2 } };
  assert.equal(removalAt(changed, WEEK, NOW), undefined);
});

test('applied again as it was, a session that may be removed is still refused', () => {
  const sessions = fc
    .record({ revoked: fc.boolean(), expiresAt: fc.integer({ min: -400, max: 10 }).map(at) }, { requiredKeys: [] })
    .map((spec) => seen(aSession(spec), 400));
  fc.assert(
    fc.property(sessions, (session) => {
      fc.pre(removalAt(session, WEEK, NOW) !== undefined);
      const again = aSession({ ...session.spec, revoked: false });
      assert.equal(standingOf([again]), 'expired');
    }),
  );
});

test('a token of a session that was removed is refused: the session is absent', () => {
  assert.equal(standingOf([]), 'absent');
});

test('who names a session that was removed may do no more than while it was there', () => {
  for (const required of [true, false]) {
    for (const spec of [{ expiresAt: at(-200) }, { expiresAt: at(-200), revoked: true }]) {
      const asked = (sessions: readonly MCPAgentSession[]): boolean => isAllowed(sessions, required);
      assert.equal(asked([]), asked([aSession(spec)]), `${JSON.stringify(spec)}, required ${required}`);
    }
  }
});

function standingOf(sessions: readonly MCPAgentSession[]): string {
  const policy = compilePolicy(renderPolicy({ server: files, grants: [], sessions }).document);
  return sessionStanding(policy, { namespace: 'team-a', name: 'session' }, NOW);
}

function isAllowed(sessions: readonly MCPAgentSession[], required: boolean): boolean {
  const server = aServer('files', { policy: { enforceOn: 'all' }, session: { required } });
  const grants = [aGrant({ subject: { humanID: 'alice' } })];
  const policy = compilePolicy(renderPolicy({ server, grants, sessions }).document);
  const identity = { human: 'alice', agent: '', team: '', session: 'session' };
  return evaluate(policy, { method: 'tools/list', target: { kind: 'server' }, identity, now: NOW }).allowed;
}
