import assert from 'node:assert/strict';
import { eraOf, readMessage, targetOf } from '@mcp-runtime/mcp';
import { someMessage } from './messages.ts';
import { type Random } from './random.ts';
import { type Tree, depthOf, hasEqualNames, strictParse } from './strict-json.ts';
import { type Target } from './target.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ROOT: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const MAX_DEPTH = 64;

/** Whatever the reader accepts, another reader accepts and reads the same; what has equal names, it refuses. */
export function readerTarget(): Target {
  return { run: (random) => check(someMessage(random), random) };
}

function check(bytes: Buffer, random: Random): void {
  const read = readMessage(bytes);
  const text = decoded(bytes);
  const tree = text === undefined ? undefined : strictParse(text);
  if (!read.ok) {
    if (read.fault === 'duplicate_member')
      assert.ok(tree !== undefined && hasEqualNames(tree), 'no name is there twice');
    if (read.fault === 'not_json' || read.fault === 'empty') assert.equal(tree, undefined, 'it is JSON');
    if (read.fault === 'not_utf8') assert.equal(text, undefined, 'it is UTF-8');
    return;
  }
  assert.ok(text !== undefined && tree !== undefined, 'it is not JSON');
  assert.ok(!hasEqualNames(tree), 'a name is there twice');
  assert.ok(depthOf(tree) <= MAX_DEPTH, 'it is too deep');
  const value: unknown = JSON.parse(text);
  assert.ok(tree.kind === 'object' && typeof value === 'object' && value !== null && !Array.isArray(value));
  assert.ok(tree.members.every(([name]) => ROOT.has(name)));
  const { message } = read;
  assert.deepEqual(message.kind === 'notification' ? undefined : message.id, scalarOf(tree, 'id'));
  if (message.kind === 'response') return;
  assert.equal(message.method, scalarOf(tree, 'method'));
  const params = memberOf(tree, 'params');
  for (const name of ['name', 'uri', 'taskId']) assert.equal(message.params[name], scalarOf(params, name), name);
  assert.ok(params === undefined || 'params' in value);
  if ('params' in value) assert.deepEqual(message.params, value.params);
  targetOf(message);
  eraOf(message, () => (random.once(2) ? '2026-07-28' : undefined));
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function memberOf(tree: Tree | undefined, wanted: string): Tree | undefined {
  return tree?.kind === 'object' ? tree.members.find(([name]) => name === wanted)?.[1] : undefined;
}

function scalarOf(tree: Tree | undefined, wanted: string): unknown {
  const member = memberOf(tree, wanted);
  return member?.kind === 'scalar' ? member.value : undefined;
}
