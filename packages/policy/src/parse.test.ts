import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import fc from 'fast-check';
import { parsePolicy } from './parse.ts';
import { stamp } from './revision.ts';
import { aDocument, aGrant, aSession } from './testing/documents.ts';

const GOOD = JSON.stringify(aDocument({ grants: [aGrant()], sessions: [aSession()] }));

function refusal(text: string): string {
  const parsed = parsePolicy(text);
  return parsed.ok ? 'accepted' : parsed.message;
}

/** The refusal of a document that carries its right revision, so that only the change is wrong with it. */
function refusalOf(change: Partial<PolicyDocument>): string {
  return refusal(JSON.stringify(stamp({ ...aDocument({ grants: [aGrant()], sessions: [aSession()] }), ...change })));
}

const TEXTS: readonly { readonly id: string; readonly text: string; readonly says: RegExp }[] = [
  { id: 'nothing', text: '', says: /^policy: is not JSON$/ },
  { id: 'half a document', text: GOOD.slice(0, -1), says: /is not JSON/ },
  { id: 'two documents', text: GOOD + GOOD, says: /is not JSON/ },
  { id: 'a byte order mark', text: `\uFEFF${GOOD}`, says: /is not JSON/ },
  { id: 'a comment', text: `${GOOD}// hello`, says: /is not JSON/ },
  ...['null', '1', '"text"', '[]', `[${GOOD}]`].map((text) => ({
    id: `${text.slice(0, 8)} for a document`,
    text,
    says: /is not a JSON object/,
  })),
  { id: 'an empty object', text: '{}', says: /schema_version.*server/s },
  { id: 'a member twice', text: GOOD.replace('"name":"g"', '"name":"g","name":"g"'), says: /a member is there twice/ },
  {
    id: 'a member twice, once escaped',
    text: GOOD.replace('"max_trust":"high"', String.raw`"max_trust":"low","max\u005ftrust":"high"`),
    says: /a member is there twice/,
  },
  {
    id: 'a member twice, in different cases',
    text: GOOD.replace('"max_trust":"high"', '"max_trust":"low","Max_Trust":"high"'),
    says: /member `Max_Trust` is there twice in different cases/,
  },
  {
    id: 'an unknown member twice',
    text: GOOD.replace('{', '{"x":{"y":1,"y":2},'),
    says: /a member is there twice/,
  },
  {
    id: 'lists nested deeply',
    text: GOOD.replace('{', `{"x":${'['.repeat(5000)}${']'.repeat(5000)},`),
    says: /deeper/,
  },
  {
    id: 'objects nested deeply',
    text: GOOD.replace('{', `{"x":${'{"x":'.repeat(5000)}1${'}'.repeat(5000)},`),
    says: /deeper/,
  },
  {
    id: 'labels nested deeply',
    text: GOOD.replace('{', `{"labels":${'['.repeat(5000)}${']'.repeat(5000)},`),
    says: /deeper/,
  },
  { id: 'a huge text', text: `${GOOD}${' '.repeat(32 * 1024 * 1024)}`, says: /is longer than 33554432 characters/ },
  { id: 'a list for an object', text: GOOD.replace('"policy":{', '"policy":[],"x":{'), says: /^policy: policy: / },
  { id: 'a number for a text', text: GOOD.replace('"high"', '3'), says: /grants\.0\.max_trust/ },
  {
    id: 'a text for a flag',
    text: GOOD.replace('"name":"g"', '"name":"g","disabled":"no"'),
    says: /grants\.0\.disabled/,
  },
  { id: 'null for a grant', text: GOOD.replace('"grants":[', '"grants":[null,'), says: /grants\.0/ },
  {
    id: 'a trust that was raised',
    text: GOOD.replace('"medium"', '"high"'),
    says: /^policy: revision: found `sha256:/,
  },
  { id: 'a grant that was removed', text: GOOD.replace(JSON.stringify(aGrant()), ''), says: /revision: found/ },
  { id: 'a blank revision', text: GOOD.replace(/sha256:\w+/, ' '), says: /revision: is missing/ },
  {
    id: 'a revision in upper case',
    text: GOOD.replace(/sha256:\w+/, (found) => found.toUpperCase()),
    says: /revision:/,
  },
];

for (const { id, text, says } of TEXTS) {
  test(`refuses ${id}`, () => assert.match(refusal(text), says));
}

const rules = [
  { name: 'r', decision: 'allow' },
  { name: 'r', decision: 'deny' },
];
const DOCUMENTS: readonly { readonly change: Partial<PolicyDocument>; readonly says: string }[] = [
  { change: { server: { name: ' ', namespace: 'ns' } }, says: 'server.name: is missing' },
  { change: { auth: { mode: 'basic' } }, says: 'auth.mode: found `basic`, allowed: none, header, oauth, mtls, token' },
  { change: { auth: { mode: ' OAuth ' } }, says: 'auth.issuer_url: is needed by mode oauth' },
  { change: { auth: { mode: 'mtls', trust_domain: ' ' } }, says: 'auth.trust_domain: is needed by mode mtls' },
  { change: { policy: { mode: 'off' } }, says: 'policy.mode: found `off`, allowed: allow-list, observe' },
  {
    change: { policy: { default_decision: 'ask' } },
    says: 'policy.default_decision: found `ask`, allowed: allow, deny',
  },
  {
    change: { policy: { denials: 'hide' } },
    says: 'policy.denials: found `hide`, allowed: conceal, explain, http',
  },
  { change: { tools: [{ name: '' }] }, says: 'tools[0].name: is missing' },
  { change: { tools: [{ name: 't' }, { name: 't' }] }, says: 'tools[1].name: `t` is there twice' },
  {
    change: { tools: [{ name: 't', required_trust: 'hgih' }] },
    says: 'tools[0].required_trust: found `hgih`, allowed: low, medium, high',
  },
  {
    change: { tools: [{ name: 't', side_effect: 'reads' }] },
    says: 'tools[0].side_effect: found `reads`, allowed: read, write, destructive',
  },
  { change: { grants: [aGrant(), aGrant()] }, says: 'grants[1].name: `g` is there twice' },
  {
    change: { grants: [aGrant({ max_trust: 'none' })] },
    says: 'grants[0].max_trust: found `none`, allowed: low, medium, high',
  },
  {
    change: { grants: [aGrant({ allowed_side_effects: ['read', ''] })] },
    says: 'grants[0].allowed_side_effects[1]: found ``, allowed: read, write, destructive',
  },
  { change: { grants: [aGrant({ tool_rules: rules })] }, says: 'grants[0].tool_rules[1].name: `r` is there twice' },
  {
    change: { grants: [aGrant({ prompt_rules: [{ name: '' }] })] },
    says: 'grants[0].prompt_rules[0].name: is missing',
  },
  {
    change: { grants: [aGrant({ resource_rules: [{ uri: ' ' }] })] },
    says: 'grants[0].resource_rules[0].uri: is missing',
  },
  {
    change: { grants: [aGrant({ tool_rules: [{ name: 'r', decision: 'maybe' }] })] },
    says: 'grants[0].tool_rules[0].decision: found `maybe`, allowed: allow, deny',
  },
  { change: { sessions: [aSession(), aSession()] }, says: 'sessions[1].name: `s` is there twice' },
  {
    change: { sessions: [aSession({ consented_trust: 'full' })] },
    says: 'sessions[0].consented_trust: found `full`, allowed: low, medium, high',
  },
];

for (const { change, says } of DOCUMENTS) {
  test(`refuses a document: ${says}`, () => assert.equal(refusalOf(change), `policy: ${says}`));
}

test('stops at the first fault, in the order of the document', () => {
  const change = { tools: [{ name: '' }], grants: [aGrant({ max_trust: 'none' })] };
  assert.equal(refusalOf(change), 'policy: tools[0].name: is missing');
});

test('objects of one name in different namespaces are different objects', () => {
  const grants = [aGrant(), aGrant({ namespace: 'other' })];
  assert.equal(refusalOf({ grants, sessions: [aSession(), aSession({ namespace: 'other' })] }), 'accepted');
});

test('accepts padded words in any case, null for what is absent, and unknown members, which it drops', () => {
  const text = GOOD.replace('"max_trust":"high"', '"max_trust":" HIGH "');
  const revision = stamp({
    ...aDocument({ grants: [aGrant({ max_trust: ' HIGH ' })], sessions: [aSession()] }),
  }).revision;
  assert.equal(refusal(text.replace(/sha256:\w+/, revision)), 'accepted');
  const odd = GOOD.replace('{', '{"auth":null,"x":{"labels":{"a":{"b":[{"c":1}]}}},"y":[1,{}],');
  const parsed = parsePolicy(odd);
  assert.deepEqual(parsed, parsePolicy(GOOD));
});

test('keys of labels mean what they say, whatever their case', () => {
  const labels = { Tier: '1', tier: '2', 'a"b:c\\': '3' };
  const document = aDocument({ tools: [{ name: 't', labels }] });
  const parsed = parsePolicy(JSON.stringify(document));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.document.tools?.[0]?.labels, labels);
});

test('a document that sets the prototype sets nothing', () => {
  const parsed = parsePolicy(GOOD.replace('{', '{"__proto__":{"generated_at":"x"},"constructor":{"prototype":1},'));
  assert.ok(parsed.ok);
  assert.equal(parsed.document.generated_at, undefined);
});

test('never throws, and accepts nothing that it was not given', () => {
  const broken = fc.tuple(
    fc.nat({ max: GOOD.length }),
    fc.nat({ max: 20 }),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    broken.map(([at, length, patch]) => GOOD.slice(0, at) + patch + GOOD.slice(at + length)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parsePolicy(text);
      if (parsed.ok) assert.equal(stamp(parsed.document).revision, parsed.document.revision);
      else assert.match(parsed.message, /^policy: \S/);
    }),
    { numRuns: 2000 },
  );
});
