import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@mcp-runtime/api';
import { runCli } from '../testing/program.ts';
import { type Printed, defineCommand } from './command.ts';
import { withOutputFlag } from './run.ts';

const PRINTED: Printed = {
  data: [{ name: 'a', tools: 2 }],
  table: { columns: ['name', 'tools'], rows: [['a\u001B[31m', '2']], note: 'one server' },
};

function commandThat(act: () => Promise<Printed | void>) {
  return [
    withOutputFlag(
      defineCommand({
        path: 'thing show',
        summary: 'show things',
        args: [{ name: 'NAME', summary: 'name of the thing', required: 'no' }],
        flags: {
          count: { type: 'number', summary: 'how many', default: 1 },
          tag: { type: 'texts', summary: 'tags' },
          level: { type: 'text', summary: 'level', values: ['low', 'high'] },
          all: { type: 'switch', summary: 'all', short: 'a' },
        },
        examples: [],
        prints: 'data',
        load: async () => ({ run: act }),
      }),
    ),
  ];
}

const show = commandThat(async () => PRINTED);

const OUTPUTS = [
  { form: 'table', stdout: 'NAME         TOOLS\na\\u001b[31m  2\none server\n' },
  { form: 'json', stdout: '[\n  {\n    "name": "a",\n    "tools": 2\n  }\n]\n' },
  { form: 'yaml', stdout: '- name: a\n  tools: 2\n' },
] as const;

for (const { form, stdout } of OUTPUTS) {
  test(`prints ${form}`, async () => {
    const ran = await runCli(['thing', 'show', '-o', form], { commands: show });
    assert.deepEqual(ran, { status: 0, stdout, stderr: '' });
  });
}

const FAULTS = [
  {
    id: 'unknown command',
    words: ['thing', 'shwo'],
    stderr: /unknown command `thing shwo`.*\nnext: {2}mcp-runtime thing show --help/,
  },
  {
    id: 'unknown flag',
    words: ['thing', 'show', '--cuont', '1'],
    stderr: /unknown flag `--cuont`, did you mean `--count`/,
  },
  { id: 'flag without value', words: ['thing', 'show', '--count'], stderr: /flag --count needs a value/ },
  { id: 'word for a number', words: ['thing', 'show', '--count=x'], stderr: /found `x`, allowed: a whole number/ },
  { id: 'value not allowed', words: ['thing', 'show', '--level', 'mid'], stderr: /found `mid`, allowed: low, high/ },
  { id: 'flag given twice', words: ['thing', 'show', '--count=1', '--count=2'], stderr: /is given 2 times/ },
  { id: 'one argument too many', words: ['thing', 'show', 'a', 'b'], stderr: /unexpected argument `b`/ },
  {
    id: 'form of the result that does not exist',
    words: ['thing', 'show', '-o', 'yml'],
    stderr: /flag --output: found `yml`, allowed: table, json, yaml.*\nnext: {2}mcp-runtime thing show --help/,
  },
  {
    id: 'flag that resembles none',
    words: ['thing', 'show', '-x'],
    stderr: /unknown flag `-x`.*\nnext: {2}mcp-runtime thing show --help/,
  },
  { id: 'flag in place of a command', words: ['--all'], stderr: /unknown flag `--all`.*\nnext: {2}mcp-runtime --help/ },
  { id: 'words after --', words: ['thing', 'show', '--', 'b'], stderr: /nothing may follow `--` here/ },
  {
    id: 'escape in an argument',
    words: ['thing', 'show', 'a', '\u001B]0;x'],
    stderr: /unexpected argument `\\u001b\]0;x`/,
  },
] as const;

for (const { id, words, stderr } of FAULTS) {
  test(`a usage error with status 64: ${id}`, async () => {
    const ran = await runCli(words, { commands: show });
    assert.equal(ran.status, 64);
    assert.match(ran.stderr, stderr);
    assert.equal(ran.stdout, '');
  });
}

test('an error has three parts, no stack, and the exit status of its code', async () => {
  const failing = commandThat(async () => {
    throw new AppError('service_unavailable', 'the thing is away', {
      cause: new Error('connect refused'),
      next: 'wait',
    });
  });
  const ran = await runCli(['thing', 'show'], { commands: failing });
  assert.equal(ran.stderr, 'error: the thing is away (service_unavailable)\nwhy:   connect refused\nnext:  wait\n');
  assert.equal(ran.status, 69);
});

test('--debug adds the stack and that of the cause', async () => {
  const failing = commandThat(async () => {
    throw new AppError('not_found', 'no thing', { cause: new Error('deeper') });
  });
  const { stderr } = await runCli(['thing', 'show', '--debug'], { commands: failing });
  assert.match(stderr, /at .*run\.test\.ts/);
  assert.match(stderr, /caused by Error: deeper/);
});

test('a fault of the program itself says nothing of its cause', async () => {
  const failing = commandThat(async () => {
    throw new TypeError('secret in here');
  });
  const ran = await runCli(['thing', 'show'], { commands: failing });
  assert.equal(ran.status, 70);
  assert.doesNotMatch(ran.stderr, /secret/);
  assert.match(ran.stderr, /--debug/);
});

test('a result that failed is printed, and its error sets the status', async () => {
  const failing = commandThat(async () => ({ ...PRINTED, failure: new AppError('verification_failed', 'record 3') }));
  const ran = await runCli(['thing', 'show', '-o', 'json'], { commands: failing });
  assert.equal(ran.status, 65);
  assert.match(ran.stdout, /"tools": 2/);
  assert.equal(ran.stderr, 'error: record 3 (verification_failed)\n');
});

test('a group without a command shows its commands; asked for, with status 0', async () => {
  const bare = await runCli(['thing'], { commands: show });
  assert.equal(bare.status, 64);
  assert.match(bare.stdout, /usage: mcp-runtime thing COMMAND/);
  assert.equal((await runCli(['thing', '--help'], { commands: show })).status, 0);
});

const HELP_OF_A_COMMAND = [
  ['help', 'thing', 'show'],
  ['thing', 'show', '-h'],
];

for (const words of HELP_OF_A_COMMAND) {
  test(`help of a command: ${words.join(' ')}`, async () => {
    const ran = await runCli(words, { commands: show });
    assert.equal(ran.status, 0);
    assert.match(ran.stdout, /usage: mcp-runtime thing show \[NAME\]/);
  });
}

for (const words of [
  ['help', 'thing'],
  ['thing', 'help'],
]) {
  test(`help of a group: ${words.join(' ')}`, async () => {
    const ran = await runCli(words, { commands: show });
    assert.equal(ran.status, 0);
    assert.match(ran.stdout, /usage: mcp-runtime thing COMMAND/);
  });
}
