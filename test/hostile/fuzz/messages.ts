import { mutate } from './mutate.ts';
import { type Random } from './random.ts';

const METHODS = [
  'tools/call',
  'tools/list',
  'resources/read',
  'prompts/get',
  'completion/complete',
  'ping',
  'tasks/get',
] as const;
const NAMES = [
  'name',
  'uri',
  'taskId',
  'task',
  'ref',
  'type',
  'arguments',
  '_meta',
  'Name',
  'URI',
  'x',
  '',
  '__proto__',
  'a/b',
] as const;
const TEXTS = [
  'read_graph',
  'b',
  '',
  'memory:///a',
  'é',
  '😀',
  'a"b',
  'a\\b',
  '2.0',
  '2026-07-28',
  'toString',
  '\u2028',
] as const;
const NUMBERS = ['0', '1', '-1', '-0', '1.0', '1e2', '9007199254740993', '1e400', '0.1', '123456789012'] as const;
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

/** A message or something near one, as bytes: half of them are changed after they were written. */
export function someMessage(random: Random): Buffer {
  const bytes = Buffer.from(random.once(12) ? value(random, 4) : message(random));
  return random.once(2) ? mutate(bytes, random) : bytes;
}

/** The text of a message whose members are in any order. */
export function message(random: Random): string {
  const members = [['"jsonrpc"', random.once(20) ? value(random, 1) : '"2.0"']];
  if (!random.once(5)) members.push(['"id"', random.pick(['1', '"a"', '7', random.pick(NUMBERS), value(random, 1)])]);
  if (random.once(8)) members.push([random.pick(['"result"', '"error"']), value(random, 3)]);
  else members.push(['"method"', spelled(random.pick(METHODS), random)], ['"params"', params(random)]);
  if (random.once(15))
    members.push([spelled(random.pick(['id', 'method', 'Method', 'extra']), random), value(random, 1)]);
  return written(members, random);
}

function params(random: Random): string {
  const members = [
    ['"name"', spelled(random.pick(TEXTS), random)],
    ...random.many(3, () => [spelled(random.pick(NAMES), random), value(random, 3)]),
  ];
  if (random.once(3)) members.push(['"_meta"', envelope(random)]);
  if (random.once(6)) members.push(['"ref"', value(random, 2)]);
  if (random.once(8)) members.push(['"notifications"', `{"resourceSubscriptions":${value(random, 2)}}`]);
  return written(members, random);
}

function envelope(random: Random): string {
  const version = random.once(6) ? spelled(random.pick(TEXTS), random) : '"2026-07-28"';
  return `{${spelled(VERSION_KEY, random)}:${version},"${CAPABILITIES_KEY}":${random.once(9) ? value(random, 2) : '{}'}}`;
}

/** Any JSON value. */
export function value(random: Random, depth: number): string {
  const kind = random.below(depth > 0 ? 7 : 4);
  if (kind === 0) return random.pick(NUMBERS);
  if (kind === 1) return random.pick(['null', 'true', 'false']);
  if (kind < 4) return spelled(random.pick(TEXTS), random);
  if (kind === 4) return `[${random.many(3, () => value(random, depth - 1)).join(',')}]`;
  return written(
    random.many(3, () => [spelled(random.pick(NAMES), random), value(random, depth - 1)]),
    random,
  );
}

function written(members: readonly (readonly string[])[], random: Random): string {
  const space = random.once(4) ? random.pick([' ', '\n', '\r\n', '\t ']) : '';
  const ordered = random.once(2) ? members : members.toReversed();
  return `{${space}${ordered.map(([name = '', of = '']) => `${name}${space}:${space}${of}`).join(`,${space}`)}${space}}`;
}

/** A JSON string, now and then with a letter as an escape. */
export function spelled(text: string, random: Random): string {
  const plain = JSON.stringify(text);
  if (!random.once(8) || text === '') return plain;
  const at = random.below(text.length);
  const escape = `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(text.slice(0, at)).slice(0, -1)}${escape}${JSON.stringify(text.slice(at + 1)).slice(1)}`;
}
