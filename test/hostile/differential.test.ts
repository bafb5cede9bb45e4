/** What the reader accepts, the JSON readers of other languages accept and read the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Message, readMessage } from '@mcp-runtime/mcp';
import { bodyOf, loadCorpus } from './corpus.ts';
import { Random } from './fuzz/random.ts';
import { someMessage } from './fuzz/messages.ts';

const MADE_UP = 20_000;
const SEED = 7;
const FOLDER = join(import.meta.dirname, 'readers');

/** Each with what it takes to run it; compiling Go for the first time takes some seconds. */
const READERS = [
  { name: 'Python', probe: ['python3', '--version'], command: ['python3', join(FOLDER, 'read.py')] },
  { name: 'Go', probe: ['go', 'version'], command: ['go', 'run', join(FOLDER, 'read.go')] },
] as const;

interface Accepted {
  readonly bytes: Buffer;
  readonly message: Message;
}

function acceptedMessages(): readonly Accepted[] {
  const made = Array.from({ length: MADE_UP }, (_, round) => someMessage(new Random(SEED, round)));
  return [...loadCorpus().map(bodyOf), ...made].flatMap((bytes) => {
    const read = readMessage(bytes);
    return read.ok ? [{ bytes, message: read.message }] : [];
  });
}

for (const { name, probe, command } of READERS) {
  const [tool, ...args] = probe;
  const skip = spawnSync(tool, [...args]).status === 0 ? false : `there is no \`${tool}\``;
  test(`${name} reads accepted messages as Node does`, { skip }, () => {
    const accepted = acceptedMessages();
    assert.ok(accepted.length > MADE_UP / 10, `only ${accepted.length} were accepted`);
    const [program, ...rest] = command;
    const { stdout, stderr } = spawnSync(program, [...rest], {
      input: accepted.map(({ bytes }) => bytes.toString('base64')).join('\n'),
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    });
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, accepted.length, stderr);
    for (const [index, { bytes, message }] of accepted.entries()) {
      const theirs: unknown = JSON.parse(lines[index] ?? '');
      assert.ok(Array.isArray(theirs), lines[index] ?? '');
      assert.deepEqual(
        [...theirs.slice(0, -1), uris(theirs.at(-1))],
        governed(message),
        bytes.toString('utf8').slice(0, 500),
      );
    }
  });
}

/** The values that decide, in the order of the readers' answers. */
function governed(message: Message): readonly unknown[] {
  const id = message.kind === 'notification' ? null : message.id;
  if (message.kind === 'response') return [id, null, null, null, null, null, null, null];
  const { name = null, uri = null, taskId = null, ref, notifications } = message.params;
  const inner = uris(membersOf(notifications)['resourceSubscriptions']);
  const { name: refName = null, uri: refUri = null } = membersOf(ref);
  return [id, message.method, name, uri, taskId, refName, refUri, inner];
}

/** What is no list of texts has no target: policy refuses it, however it is read. */
function uris(value: unknown): unknown {
  return Array.isArray(value) && value.every((uri) => typeof uri === 'string') ? value : null;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
