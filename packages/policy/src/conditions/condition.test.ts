import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import fc from 'fast-check';
import { typeLines } from './argument-types.ts';
import { compileCondition } from './condition.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    count: { type: 'integer' },
    amount: { type: 'number' },
    force: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    options: { type: 'object', properties: { mode: { type: 'string' } } },
    anything: {},
    'to/from': { type: 'string' },
  },
  required: ['path'],
};
const TYPES = typeLines(SCHEMA) ?? assert.fail('no types');
const IDENTITY = { human: 'alice', agent: 'agent', team: '', session: 's1' };

function outcome(text: string, given: Readonly<Record<string, unknown>>, untyped?: 'untyped'): string {
  const { fault, test: run } = compileCondition(text, untyped === undefined ? TYPES : undefined);
  assert.equal(fault, undefined);
  return run({ arguments: given, identity: IDENTITY });
}

test('the types of a schema are lines of a document', () => {
  assert.deepEqual(TYPES, [
    { path: '', type: 'object' },
    { path: '/path', type: 'string' },
    { path: '/count', type: 'int' },
    { path: '/amount', type: 'double' },
    { path: '/force', type: 'bool' },
    { path: '/tags', type: 'list<string>' },
    { path: '/options', type: 'object' },
    { path: '/options/mode', type: 'string' },
    { path: '/anything', type: 'dyn' },
    { path: '/to~1from', type: 'string' },
  ]);
});

const UNTYPED: readonly (readonly [what: string, schema: Readonly<Record<string, unknown>>])[] = [
  ['no properties', { type: 'object' }],
  ['other arguments allowed', { ...SCHEMA, additionalProperties: true }],
  ['a reference', { $ref: '#/definitions/x' }],
  ['too many properties', { properties: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`p${n}`, {}])) }],
];

for (const [what, schema] of UNTYPED) {
  test(`a schema with ${what} types nothing`, () => assert.equal(typeLines(schema), undefined));
}

const OUTCOMES: readonly (readonly [text: string, given: Readonly<Record<string, unknown>>, expected: string])[] = [
  ['arguments.amount <= 100', { amount: 100 }, 'holds'],
  ['arguments.amount <= 100', { amount: 100.5 }, 'fails'],
  ['arguments.count == 3', { count: 3 }, 'holds'],
  ['arguments.path.startsWith("/work/")', { path: '/work/a' }, 'holds'],
  ['arguments.path.startsWith("/work/")', { path: '/etc/passwd' }, 'fails'],
  ['arguments.path in ["a", "b"]', { path: 'b' }, 'holds'],
  ['arguments.tags.all(t, t.startsWith("x"))', { tags: ['xa', 'xb'] }, 'holds'],
  ['arguments.tags.all(t, t.startsWith("x"))', { tags: ['xa', 'b'] }, 'fails'],
  ['arguments.tags.exists(t, t == identity.human)', { tags: ['bob', 'alice'] }, 'holds'],
  ['size(arguments.tags) < 2', { tags: ['a', 'b'] }, 'fails'],
  ['arguments.options.mode == "safe"', { options: { mode: 'safe', extra: 1 } }, 'holds'],
  ['has(arguments.force) && arguments.force', {}, 'fails'],
  ['!has(arguments.force) || !arguments.force', {}, 'holds'],
  ['arguments["to/from"] == "x"', { 'to/from': 'x' }, 'holds'],
  ['arguments.path == identity.agent', { path: 'agent' }, 'holds'],
  ['arguments.anything == "x"', { anything: 'x' }, 'holds'],
  ['arguments.anything == "x"', { anything: 3 }, 'fails'],
  // No value: an error, which never helps the caller.
  ['arguments.path == "a"', {}, 'error'],
  ['arguments.path != "/etc"', { path: ['/etc'] }, 'error'],
  ['arguments.count < 5', { count: 2.5 }, 'error'],
  ['arguments.count < 5', { count: '2' }, 'error'],
  ['arguments.count < 5', { count: 2 ** 60 }, 'error'],
  ['arguments.amount < 5', { amount: null }, 'error'],
  ['arguments.tags.all(t, t == "a")', { tags: ['a', 3] }, 'error'],
  ['arguments.tags.all(t, t == "a")', { tags: 'a' }, 'error'],
  ['arguments.options.mode == "safe"', { options: {} }, 'error'],
  ['arguments.count / 0 == 1', { count: 1 }, 'error'],
  ['arguments.anything.a.b == 1', { anything: {} }, 'error'],
];

for (const [text, given, expected] of OUTCOMES) {
  test(`${text} with ${JSON.stringify(given)}: ${expected}`, () => assert.equal(outcome(text, given), expected));
}

const FAULTS: readonly (readonly [text: string, says: RegExp])[] = [
  ['arguments.pth == "x"', /`arguments\.pth` is not in the input schema of the tool, allowed: path, count, amount, /],
  ['has(arguments.pth)', /`arguments\.pth` is not in the input schema/],
  ['arguments.options.mde == "x"', /`arguments\.options\.mde` is not in the input schema of the tool, allowed: mode$/],
  ['arguments.count == "3"', /^no such overload: int == string; `arguments\.count` is int$/],
  ['arguments.path > 3', /^no such overload: string > int; `arguments\.path` is string$/],
  ['arguments.tags == "a"', /no such overload/],
  ['arguments.tags.all(t, t > 1)', /no such overload: string > int/],
  ['arguments.path in [1, 2]', /no such overload/],
  ['arguments.force && arguments.path', /bool operands, got 'string'/],
  ['arguments.path', /its value is string, it must be a bool/],
  ['arguments.path ==', /Unexpected token/],
  ['1 == 1', /reads neither `arguments` nor `identity`/],
  ['arguments == identity', /name the argument that is meant/],
  ['size(arguments) > 1', /name the argument that is meant/],
  ['arguments[identity.human] == 1', /name the argument that is meant/],
  ['identity.nobody == "x"', /`identity\.nobody` is not known, allowed: human, agent, team, session/],
  ['user.id == "x"', /`user` is not known, allowed: arguments, identity/],
  ['arguments.path.matches("(a+)+$")', /`matches` is not allowed in a condition.*use startsWith/],
  ['timestamp(arguments.path) > timestamp("x")', /`timestamp` is not allowed/],
  ['dyn(arguments.path) == 3', /`dyn` is not allowed/],
  ['arguments.tags.map(t, t + t) == []', /`map` is not allowed/],
  ['arguments.tags.all(t, arguments.tags.all(u, u == t))', /`all` inside another loop is not allowed/],
  ['arguments.path.contains(arguments.anything)', /`contains` takes a text that is written in the condition/],
  ['(arguments.path + arguments.path).contains("a")', /looks for it in an argument/],
  [`size(${Array.from({ length: 10 }, () => 'arguments.path').join('+')}) > 1`, /more than 8 `\+`/],
  ['{"a": 1}.a == arguments.count', /maxMapEntries/],
  [`arguments.path == "${'x'.repeat(1100)}"`, /it has 1120 characters, at most 1024 are allowed/],
  [Array.from({ length: 40 }, () => 'arguments.count==1').join('||'), /maxAstNodes/],
  [`${'('.repeat(60)}arguments.force${')'.repeat(60)}`, /maxDepth|depth/i],
];

for (const [text, says] of FAULTS) {
  test(`refuses ${text.slice(0, 60)}`, () => {
    const { fault, test: run } = compileCondition(text, TYPES);
    assert.match(fault ?? 'accepted', says);
    assert.equal(run({ arguments: { path: 'x', count: 3, force: true, tags: [] }, identity: IDENTITY }), 'error');
  });
}

test('without a schema any argument may be named', () => {
  assert.equal(outcome('arguments.pth == "x"', { pth: 'x' }, 'untyped'), 'holds');
  assert.equal(outcome('arguments.n > 1.5', { n: 2 }, 'untyped'), 'holds');
});

test('a number that is not the one that was sent is none', () => {
  const { n } = z.object({ n: z.number() }).parse(JSON.parse('{"n":9007199254740993}'));
  assert.equal(outcome('arguments.n == 9007199254740993', { n }, 'untyped'), 'error');
  assert.equal(outcome('arguments.anything.n != 9007199254740993', { anything: { n: -n } }), 'error');
  assert.equal(outcome('arguments.n < 0.5', { n: 0.25 }, 'untyped'), 'holds');
});

test('an argument that a condition does not name costs nothing, one that it names is bounded', () => {
  const large = 'x'.repeat(1_000_000);
  assert.equal(outcome('arguments.path == "a"', { path: 'a', anything: large }), 'holds');
  assert.equal(outcome('arguments.path != "a"', { path: large }), 'error');
  assert.equal(outcome('arguments.tags.all(t, t == "")', { tags: Array.from({ length: 64 }, () => '') }), 'holds');
  assert.equal(outcome('arguments.tags.all(t, t == "")', { tags: Array.from({ length: 65 }, () => '') }), 'error');
  const deep = Array.from({ length: 40 }).reduce((inner) => ({ inner }), {});
  assert.equal(outcome('arguments.anything != "a"', { anything: deep }), 'error');
});

test('members that objects have by themselves are no arguments', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    assert.equal(outcome(`has(arguments.${name})`, {}, 'untyped'), 'fails', name);
    assert.equal(outcome(`has(arguments.anything.${name})`, { anything: {} }, 'untyped'), 'fails', name);
  }
});

test('what a condition saw names arguments and kinds, and no value', () => {
  const { saw } = compileCondition(
    'arguments.path == "a" && arguments.options.mode == "b" && arguments.count > 1',
    TYPES,
  );
  const text = saw({ arguments: { path: 'secret', options: { mode: 'secret' } }, identity: IDENTITY });
  assert.equal(text, 'arguments.path is a string, arguments.options.mode is a string, arguments.count is absent');
});

test('whatever the expression and the arguments, testing never throws', () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(...OUTCOMES.map(([text]) => text), ...FAULTS.map(([text]) => text)),
  );
  const given = fc.dictionary(
    fc.constantFrom('path', 'count', 'amount', 'tags', 'options', 'anything', '__proto__'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(texts, given, fc.constantFrom(TYPES, undefined), (text, values, types) => {
      const { test: run, saw } = compileCondition(text, types);
      assert.match(run({ arguments: values, identity: IDENTITY }), /^(holds|fails|error)$/);
      saw({ arguments: values, identity: IDENTITY });
    }),
    { numRuns: 2000 },
  );
});
