import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redact } from './redact.ts';

const CASES: readonly (readonly [why: string, value: unknown, expected: unknown])[] = [
  [
    'plain values stay',
    { path: '/etc/hosts', lines: 3, deep: [true, null, 1.5] },
    { path: '/etc/hosts', lines: 3, deep: [true, null, 1.5] },
  ],
  [
    'names of secrets, in any spelling',
    {
      password: 'a',
      API_KEY: 'b',
      'X-Api-Key': 'c',
      clientSecret: 'd',
      access_token: 'e',
      Authorization: 'f',
      'set-cookie': ['g'],
      credentials: { user: 'h' },
      private_key: 'i',
      pwd: 'j',
    },
    {
      password: '[redacted]',
      API_KEY: '[redacted]',
      'X-Api-Key': '[redacted]',
      clientSecret: '[redacted]',
      access_token: '[redacted]',
      Authorization: '[redacted]',
      'set-cookie': '[redacted]',
      credentials: '[redacted]',
      private_key: '[redacted]',
      pwd: '[redacted]',
    },
  ],
  [
    'names that only resemble',
    { max_tokens: 400, tokenizer: 'cl100k', author: 'ada', passenger: 'bob', keyboard: 'q' },
    { max_tokens: 400, tokenizer: 'cl100k', author: 'ada', passenger: 'bob', keyboard: 'q' },
  ],
  ['a bearer header in a text', 'curl -H "Authorization: Bearer abcdef123456"', '[redacted]'],
  [
    'basic credentials, and prose',
    ['Basic dXNlcjpwYXNz', 'basic understanding'],
    ['[redacted]', 'basic understanding'],
  ],
  ['a JWT', ['x eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxIn0', 'sig'].join('.'), '[redacted]'],
  [
    'cloud and forge keys',
    [`AKIA${'Z7'.repeat(8)}`, `ghp_${'a1'.repeat(18)}`, `glpat-${'x'.repeat(20)}`],
    ['[redacted]', '[redacted]', '[redacted]'],
  ],
  ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMII', '[redacted]'],
  ['a password in a URL', 'postgres://app:hunter2@db/app', '[redacted]'],
  ['an assignment in a text', 'export DB_PASSWORD=hunter2', '[redacted]'],
  [
    'an argument list',
    ['--user', 'ada', '--password', 'hunter2', '--verbose'],
    ['--user', 'ada', '--password', '[redacted]', '--verbose'],
  ],
  [
    'pairs of name and value',
    {
      env: [
        { name: 'DB_PASSWORD', value: 'x' },
        { name: 'HOME', value: '/' },
      ],
    },
    {
      env: [
        { name: 'DB_PASSWORD', value: '[redacted]' },
        { name: 'HOME', value: '/' },
      ],
    },
  ],
  ['a secret used as a name', { [`ghp_${'a1'.repeat(18)}`]: 1 }, { '[redacted]': 1 }],
  [
    'a name that objects inherit',
    JSON.parse('{"__proto__":{"password":"x"}}'),
    JSON.parse('{"__proto__":{"password":"[redacted]"}}'),
  ],
];

for (const [why, value, expected] of CASES) {
  test(`redacts: ${why}`, () => assert.deepEqual(redact(value), expected));
}

test('a text is cut, and a secret behind the cut still redacts it', () => {
  assert.equal(redact('a'.repeat(5000)), `${'a'.repeat(1023)}…`);
  assert.equal(redact(`${'a '.repeat(510)}Bearer ${'b'.repeat(40)}`), '[redacted]');
});

test('lists, objects and depth are bounded', () => {
  assert.deepEqual(
    redact(Array.from({ length: 500 }, (_, n) => n)),
    Array.from({ length: 100 }, (_, n) => n),
  );
  const wide = redact(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n])));
  assert.equal(Object.keys(Object(wide)).length, 100);
  const deep = JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`);
  assert.equal(JSON.stringify(redact(deep)), `${'['.repeat(8)}"[too deep]"${']'.repeat(8)}`);
});

test('anything may be given: the result is JSON, without a marked secret, and redacting it again changes nothing', () => {
  const secret = 'hunter2-hunter2';
  const withSecret = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.dictionary(fc.string(), tie('tree')),
      fc.constant({ password: secret }),
    ),
  })).tree;
  fc.assert(
    fc.property(withSecret, (value) => {
      const once = redact(value);
      assert.ok(!(JSON.stringify(once) ?? '').includes(secret));
      assert.deepEqual(redact(once), once);
    }),
    { numRuns: 200 },
  );
});
