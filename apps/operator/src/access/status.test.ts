import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCESS_PHASES, type MCPServer } from '@mcp-runtime/api';
import { type RenderInput, compilePolicy, evaluate, renderPolicy } from '@mcp-runtime/policy';
import fc from 'fast-check';
import { aGrant, aServer, aSession, viewOf } from '../testing/access-objects.ts';
import { type AccessObject, accessStatus, saysTheSame } from './status.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const BEFORE = '2026-06-01T11:00:00Z';
const AFTER = '2026-06-01T13:00:00Z';
const files = aServer('files');
const ALICE = { humanID: 'alice' };
const FAULTY = { name: 'read', decision: 'allow', condition: 'arguments.path ==' } as const;

/** What it is, the object, the servers that there are, the phase, and the seconds until time changes it. */
type Row = readonly [
  what: string,
  object: AccessObject,
  servers: readonly (typeof files)[],
  phase: string,
  inS?: number,
];

const ROWS: readonly Row[] = [
  ['a grant on a server of its namespace', aGrant({ subject: ALICE }), [files], 'Active'],
  ['a grant that ends', aGrant({ subject: ALICE, expiresAt: AFTER }), [files], 'Active', 3600.001],
  ['a grant that has ended', aGrant({ subject: ALICE, expiresAt: BEFORE }), [files], 'Expired'],
  ['a grant that has yet to begin', aGrant({ subject: ALICE, notBefore: AFTER }), [files], 'NotYetValid', 3600],
  ['a grant that is disabled, and ended', aGrant({ disabled: true, expiresAt: BEFORE }), [files], 'Disabled'],
  ['a grant on a server that is not there', aGrant({ subject: ALICE }), [], 'ServerNotFound'],
  ['a grant for nobody', aGrant({ subject: {} }), [files], 'SubjectMatchesNobody'],
  [
    'a grant for everybody where everybody is somebody',
    aGrant({ subject: { humanID: 'system:anonymous' } }),
    [files],
    'SubjectMatchesNobody',
  ],
  [
    'a grant for everybody',
    aGrant({ subject: { humanID: 'system:anonymous' } }),
    [aServer('files', { auth: { mode: 'none' } })],
    'Active',
  ],
  [
    'a grant with a condition that nothing meets',
    aGrant({ subject: ALICE, toolRules: [FAULTY] }),
    [files],
    'ConditionFault',
  ],
  ['a session', aSession({}), [files], 'Active'],
  ['a session that ends', aSession({ expiresAt: AFTER }), [files], 'Active', 3600.001],
  [
    'a session that ends within a second, as policies read it',
    aSession({ expiresAt: '2026-06-01T12:00:00.900Z' }),
    [files],
    'Active',
    0.001,
  ],
  ['a session that has ended', aSession({ expiresAt: BEFORE }), [files], 'Expired'],
  ['a session that was revoked, and has ended', aSession({ revoked: true, expiresAt: BEFORE }), [], 'Revoked'],
  [
    'a session that was revoked and is still to end',
    aSession({ revoked: true, expiresAt: AFTER }),
    [files],
    'Revoked',
    3600.001,
  ],
  ['a session on a server that is not there', aSession({}), [], 'ServerNotFound'],
];

for (const [what, object, servers, phase, inS] of ROWS) {
  test(`${what}: ${phase}`, () => {
    const { status, recheckAt } = accessStatus(object, viewOf(servers), NOW);
    assert.equal(status.phase, phase);
    assert.equal(recheckAt, inS === undefined ? undefined : NOW + Math.round(inS * 1000));
    assert.equal(status.observedGeneration, object.metadata.generation);
    const active = status.conditions?.find(({ type }) => type === 'Active');
    const counts = phase === 'Active' || phase === 'ConditionFault';
    assert.deepEqual([active?.status, active?.reason], counts ? ['True', 'Active'] : ['False', phase]);
  });
}

test('whether a server of another namespace is not there or does not admit it is not told', () => {
  const stranger = aGrant({ subject: ALICE, serverRef: { name: 'files', namespace: 'team-a' } }, 'team-b');
  const [absent, closed] = [[], [files]].map((servers) => accessStatus(stranger, viewOf(servers), NOW).status);
  assert.deepEqual(absent, closed);
  assert.equal(absent?.phase, 'NotAdmitted');
  assert.match(absent.message ?? '', /`team-a\/files` that admits namespace `team-b`.*`spec.access.namespaces`/);
  const open = aServer('files', { access: { namespaces: ['team-b'] } });
  assert.equal(accessStatus(stranger, viewOf([open]), NOW).status.phase, 'Active');
});

test('a fault of a condition names rule, text and fault, and leaves the grant active', () => {
  const { status } = accessStatus(aGrant({ subject: ALICE, toolRules: [FAULTY] }), viewOf([files]), NOW);
  assert.match(status.message ?? '', /^spec\.toolRules\[0\]\.condition: `arguments\.path ==` for `read`: /);
  assert.deepEqual(
    status.conditions?.map(({ type, status: is, reason }) => [type, is, reason]),
    [
      ['Active', 'True', 'Active'],
      ['ResolvedRefs', 'True', 'ResolvedRefs'],
      ['Accepted', 'False', 'ConditionFault'],
    ],
  );
});

test('a condition keeps its time while its status stays, and a status that only differs in times is the same', () => {
  const first = accessStatus(aSession({ expiresAt: AFTER }), viewOf([files]), NOW).status;
  const seen = { ...aSession({ expiresAt: AFTER }), status: first };
  const second = accessStatus(seen, viewOf([files]), NOW + 1000).status;
  assert.deepEqual(second, first);
  const ended = accessStatus(seen, viewOf([files]), NOW + 7_200_000).status;
  assert.deepEqual(
    ended.conditions?.map(({ lastTransitionTime }) => lastTransitionTime),
    ['2026-06-01T14:00:00.000Z', '2026-06-01T12:00:00.000Z', '2026-06-01T12:00:00.000Z'],
  );
  const later = { ...first, conditions: first.conditions?.map((one) => ({ ...one, lastTransitionTime: AFTER })) ?? [] };
  assert.equal(saysTheSame(first, later), true);
  assert.equal(saysTheSame(first, { ...first, observedGeneration: 2 }), false);
});

const hours = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min: min * 3600, max: max * 3600 }).map((seconds) => new Date(NOW + seconds * 1000).toISOString());
const SUBJECTS = [{}, { humanID: 'alice' }, { humanID: 'alice', agentID: 'helper' }];
const grants = fc
  .record(
    {
      subject: fc.constantFrom(...SUBJECTS),
      disabled: fc.boolean(),
      notBefore: hours(-10, 4),
      expiresAt: hours(5, 10),
    },
    { requiredKeys: ['subject'] },
  )
  .map((spec) => aGrant(spec));
const sessions = fc
  .record({ revoked: fc.boolean(), expiresAt: hours(-10, 10) }, { requiredKeys: [] })
  .map((spec) => aSession(spec));
const objects = fc.oneof(grants, sessions);
const views = fc.constantFrom(viewOf([]), viewOf([files]));
const times = fc.integer({ min: -12 * 3600, max: 12 * 3600 }).map((seconds) => NOW + seconds * 1000);

test('what is revoked or disabled is never active, whenever and wherever', () => {
  fc.assert(
    fc.property(objects, views, times, (object, view, now) => {
      const { phase } = accessStatus(ended(object), view, now).status;
      assert.equal(phase, object.kind === 'MCPAgentSession' ? 'Revoked' : 'Disabled');
    }),
  );
});

function ended(object: AccessObject): AccessObject {
  return object.kind === 'MCPAgentSession'
    ? { ...object, spec: { ...object.spec, revoked: true } }
    : { ...object, spec: { ...object.spec, disabled: true } };
}

test('time alone leads from not yet to active to expired and never back, and changes nothing before `recheckAt`', () => {
  const order = (phase = ''): number => ['NotYetValid', 'Active', 'Expired'].indexOf(phase);
  fc.assert(
    fc.property(objects, views, times, times, (object, view, a, b) => {
      const [early, late] = [Math.min(a, b), Math.max(a, b)];
      const before = accessStatus(object, view, early);
      const after = accessStatus(object, view, late);
      assert.ok(ACCESS_PHASES.some((phase) => phase === after.status.phase));
      assert.ok(order(after.status.phase) >= order(before.status.phase));
      if (late < (before.recheckAt ?? Infinity)) assert.equal(after.status.phase, before.status.phase);
    }),
  );
});

test('a grant is active exactly when the policy of its server counts it', () => {
  fc.assert(
    fc.property(grants, times, (grant, now) => {
      const { phase } = accessStatus(grant, viewOf([governed]), now).status;
      assert.equal(isAllowed({ grants: [grant], sessions: [] }, governed, now), phase === 'Active');
    }),
  );
});

test('a session is active exactly when the policy of its server takes it for live', () => {
  const always = aGrant({ subject: ALICE });
  const asking = aServer('files', { policy: { enforceOn: 'all' }, session: { required: true } });
  fc.assert(
    fc.property(sessions, times, (session, now) => {
      const { phase } = accessStatus(session, viewOf([asking]), now).status;
      assert.equal(isAllowed({ grants: [always], sessions: [session] }, asking, now), phase === 'Active');
    }),
  );
});

const governed = aServer('files', { policy: { enforceOn: 'all' } });

function isAllowed(access: Pick<RenderInput, 'grants' | 'sessions'>, server: MCPServer, now: number): boolean {
  const policy = compilePolicy(renderPolicy({ server, ...access }).document);
  const identity = { human: 'alice', agent: 'helper', team: '', session: 'session' };
  return evaluate(policy, { method: 'tools/list', target: { kind: 'server' }, identity, now }).allowed;
}
