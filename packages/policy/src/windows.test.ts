import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from './compile.ts';
import { endOf, hasEnded, parseInstant } from './instant.ts';
import { sessionStanding } from './standing.ts';
import { NOW, aCall, aDocument, aGrant, aSession, decided } from './testing/documents.ts';

/** An instant that far from now, as RFC 3339. */
function at(ms: number): string {
  return new Date(NOW + ms).toISOString();
}

const GRANTS: readonly { readonly id: string; readonly window: object; readonly inForce: boolean }[] = [
  { id: 'without a window', window: {}, inForce: true },
  { id: 'with a blank window', window: { not_before: ' ', expires_at: '' }, inForce: true },
  { id: 'that begins in a millisecond', window: { not_before: at(1) }, inForce: false },
  { id: 'that begins now', window: { not_before: at(0) }, inForce: true },
  { id: 'that ends now', window: { expires_at: at(0) }, inForce: true },
  { id: 'that ended a millisecond ago', window: { expires_at: at(-1) }, inForce: false },
  { id: 'for this very instant', window: { not_before: at(0), expires_at: at(0) }, inForce: true },
  { id: 'whose beginning is no instant', window: { not_before: 'soon' }, inForce: false },
  { id: 'whose end is no instant', window: { expires_at: 'never' }, inForce: false },
  { id: 'whose end is padded', window: { expires_at: ` ${at(1)}` }, inForce: false },
];

for (const { id, window, inForce } of GRANTS) {
  test(`a grant ${id} is ${inForce ? '' : 'not '}in force`, () => {
    const allow = decided(aDocument({ grants: [aGrant(window)] }), aCall());
    assert.equal(allow.reason, inForce ? 'allowed' : 'tool_not_granted');
    const rules = { tool_rules: [{ name: 't', decision: 'deny' }] };
    const deny = decided(aDocument({ grants: [aGrant({ name: 'a', ...rules, ...window }), aGrant()] }), aCall());
    assert.equal(deny.reason, inForce ? 'tool_denied' : 'allowed');
    const policy = { enforce_on: 'all' };
    const list = aCall({ method: 'prompts/list', target: { kind: 'list', of: 'prompts' } });
    assert.equal(decided(aDocument({ policy, grants: [aGrant(window)] }), list).allowed, inForce);
  });
}

const SESSIONS = [
  { id: 'without an end', end: undefined, live: true },
  { id: 'with a blank end', end: '  ', live: true },
  { id: 'that ends now', end: at(0), live: true },
  { id: 'that ended a millisecond ago', end: at(-1), live: false },
  { id: 'that ended a nanosecond ago', end: '2026-05-08T11:59:59.999999999Z', live: false },
  { id: 'that ends in a nanosecond', end: '2026-05-08T12:00:00.000000001Z', live: true },
  { id: 'whose end is no instant', end: 'tomorrow', live: false },
] as const;

for (const { id, end, live } of SESSIONS) {
  test(`a session ${id} ${live ? 'is live' : 'has expired'}`, () => {
    const document = aDocument({
      sessionRequired: true,
      grants: [aGrant()],
      sessions: [aSession({ expires_at: end })],
    });
    const inSession = aCall({ identity: { session: 's' } });
    assert.equal(decided(document, inSession).reason, live ? 'allowed' : 'session_expired');
    const key = { namespace: 'ns', name: 's' };
    assert.equal(sessionStanding(compilePolicy(document), key, NOW), live ? 'live' : 'expired');
  });
}

test('a session stands by its key: revoked before expired, absent in another namespace', () => {
  const sessions = [aSession({ revoked: true, expires_at: at(-1) }), aSession({ namespace: 'other' })];
  const policy = compilePolicy(aDocument({ sessions }));
  assert.equal(sessionStanding(policy, { namespace: 'ns', name: 's' }, NOW), 'revoked');
  assert.equal(sessionStanding(policy, { namespace: 'other', name: 's' }, NOW), 'live');
  assert.equal(sessionStanding(policy, { namespace: 'third', name: 's' }, NOW), 'absent');
});

const NOON = NOW;
const INSTANTS: readonly (readonly [text: string, ms: number | undefined])[] = [
  ['2026-05-08T12:00:00Z', NOON],
  ['2026-05-08T14:00:00+02:00', NOON],
  ['2026-05-08T06:30:00-05:30', NOON],
  ['2026-05-09T12:00:00+24:00', NOON],
  ['2026-05-08T12:00:00.25Z', NOON + 250],
  ['2026-05-08T12:00:00,25Z', NOON + 250],
  ['2026-05-08T12:00:00.0009999999Z', NOON + 0.999],
  ['2026-05-08T9:00:00Z', NOON - 3 * 3_600_000],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['0099-01-01T00:00:00Z', Date.parse('0099-01-01T00:00:00Z')],
  ['2026-02-29T00:00:00Z', undefined],
  ['2100-02-29T00:00:00Z', undefined],
  ['2026-04-31T00:00:00Z', undefined],
  ['2026-13-01T00:00:00Z', undefined],
  ['2026-00-01T00:00:00Z', undefined],
  ['2026-01-00T00:00:00Z', undefined],
  ['2026-05-08T12:00:60Z', undefined],
  ['2026-05-08T24:00:00Z', undefined],
  ['2026-05-08T12:60:00Z', undefined],
  ['2026-05-08T12:00:00+24:01', undefined],
  ['2026-05-08T12:00:00+01:60', undefined],
  ['2026-05-08T12:00:00+0200', undefined],
  ['2026-05-08T12:00:00', undefined],
  ['2026-05-08t12:00:00Z', undefined],
  ['2026-05-08T12:00:00z', undefined],
  ['2026-05-08 12:00:00Z', undefined],
  ['2026-05-08T12:00Z', undefined],
  ['2026-05-08T12:00:00.Z', undefined],
  [' 2026-05-08T12:00:00Z', undefined],
  ['2026-05-08T12:00:00Z\n', undefined],
  ['١٢٣٤-05-08T12:00:00Z', undefined],
];

for (const [text, ms] of INSTANTS) {
  test(`${JSON.stringify(text)} is ${ms === undefined ? 'no instant, and so has ended' : 'an instant'}`, () => {
    const parsed = parseInstant(text);
    // Doubles hold a fraction of a millisecond to about 0.0002 in this century.
    assert.ok(
      ms === undefined ? parsed === undefined : parsed !== undefined && Math.abs(parsed - ms) < 0.0003,
      `${parsed}`,
    );
    if (ms === undefined) assert.equal(hasEnded(endOf(text), 0), true);
  });
}
