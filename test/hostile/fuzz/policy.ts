import assert from 'node:assert/strict';
import { type PolicyDocument } from '@mcp-runtime/api';
import { compilePolicy, evaluate, faultOf, parsePolicy, revisionOf, stamp } from '@mcp-runtime/policy';
import { mutate } from './mutate.ts';
import { type Random } from './random.ts';
import { hasEqualNames, strictParse } from './strict-json.ts';
import { type Target } from './target.ts';

const WORDS = [
  '',
  'low',
  'medium',
  'high',
  'HIGH ',
  'read',
  'write',
  'allow',
  'deny',
  'soon',
  '2026-05-08T12:00:00Z',
] as const;
const NAMES = ['a', 'b', 'é', '__proto__', 'constructor', 'a/b', ' ', '\u2028', '<&>', '😀', '10', '2'] as const;
const NOW = Date.parse('2026-05-08T12:00:00Z');

/** What is accepted has no fault and its own revision, and can be decided by; what was stamped right is accepted. */
export function policyTarget(): Target {
  return { run: check };
}

function check(random: Random): void {
  const document = stamp(someDocument(random), random.once(2) ? '2026-05-08T12:00:00Z' : '');
  const text = written(document, random);
  const parsed = parsePolicy(text);
  const fault = faultOf(document);
  assert.equal(parsed.ok, fault === undefined, parsed.ok ? `accepted: ${fault}` : parsed.message);
  const changed = mutate(Buffer.from(text), random).toString('utf8');
  const second = parsePolicy(changed);
  if (second.ok) assertSound(second.document, changed, random);
}

function assertSound(document: PolicyDocument, text: string, random: Random): void {
  const tree = strictParse(text);
  assert.ok(tree !== undefined && !hasEqualNames(tree), 'it was not JSON, or had a name twice');
  assert.equal(faultOf(document), undefined);
  assert.equal(revisionOf(document), document.revision);
  const again = parsePolicy(JSON.stringify(document));
  assert.ok(again.ok && revisionOf(again.document) === document.revision, 'it does not survive being written');
  const identity = { human: 'a', agent: '', team: '', session: random.pick(NAMES) };
  const target = { kind: 'tool', name: random.pick(NAMES) } as const;
  const decision = evaluate(compilePolicy(document), { method: 'tools/call', target, identity, now: NOW });
  assert.equal(typeof decision.allowed, 'boolean');
}

function someDocument(random: Random): PolicyDocument {
  const word = (): string => random.pick(WORDS);
  const name = (): string => random.pick(NAMES);
  const rule = { name: name(), decision: random.pick(['', 'allow', 'deny', word()]), required_trust: word() };
  return {
    schema_version: 'v1',
    revision: '',
    server: { name: name(), namespace: name() },
    auth: { mode: random.pick(['token', 'header', '', word()]) },
    policy: { mode: random.pick(['allow-list', 'observe', '']), default_decision: random.pick(['deny', 'allow', '']) },
    ...(random.once(2) && { session: { required: random.once(2) } }),
    tools: random.many(2, () => ({
      name: name(),
      required_trust: random.pick(['', 'low', 'high', word()]),
      // A label of that name is lost on the way in: then the revision does not match, and the document is refused.
      labels: Object.fromEntries(random.many(3, () => [name().replace('__proto__', 'proto'), word()])),
    })),
    grants: random.many(2, () => ({
      name: name(),
      namespace: name(),
      human_id: random.pick(['', 'a']),
      max_trust: random.pick(['low', 'high', word()]),
      allowed_side_effects: random.many(2, () => random.pick(['read', 'write', word()])),
      tool_rules: random.once(2) ? [rule] : [],
      expires_at: word(),
    })),
    sessions: random.many(1, () => ({ name: name(), human_id: 'a', revoked: random.once(3), expires_at: word() })),
  };
}

/** The document as JSON, laid out in one of several ways, its member names in any case. */
function written(document: PolicyDocument, random: Random): string {
  const text = JSON.stringify(document, undefined, random.pick(['', ' ', '\t']));
  return random.once(2) ? text : text.replace('"grants"', random.pick(['"Grants"', '"GRANTS"', '"gr\\u0061nts"']));
}
