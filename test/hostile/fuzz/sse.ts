import assert from 'node:assert/strict';
import { SseSplitter } from '@mcp-runtime/mcp';
import { mutate } from './mutate.ts';
import { type Random } from './random.ts';
import { type Target } from './target.ts';

const LINES = [
  'data: {"a":1}',
  'data:x',
  'data',
  'data:',
  'data:  y',
  ': comment',
  'id: 7',
  'event: message',
  'retry: 1',
  'Data: z',
  ' data: z',
  'dataa: z',
  '\uFEFFdata: b',
  'data: é😀',
  '',
] as const;
const ENDS = ['\n', '\r\n', '\r'] as const;
const MAX_EVENT_BYTES = 1024 * 1024;

/** However a stream is cut, its events are those of the specification's algorithm, and no byte is lost. */
export function sseTarget(): Target {
  return { run: (random) => check(stream(random), random) };
}

function stream(random: Random): Buffer {
  const text = random.many(
    12,
    () => random.pick(LINES) + random.pick(ENDS) + (random.once(2) ? random.pick(ENDS) : ''),
  );
  const bytes = Buffer.from((random.once(6) ? '\uFEFF' : '') + text.join(''));
  return random.once(2) ? mutate(bytes, random) : bytes;
}

function check(bytes: Buffer, random: Random): void {
  const splitter = new SseSplitter(MAX_EVENT_BYTES);
  const events = pieces(bytes, random).flatMap((piece) => splitter.push(piece));
  const mark = Buffer.from('\uFEFF');
  const start = bytes.subarray(0, mark.length).equals(mark) ? mark.length : 0;
  const out = Buffer.concat([...events.map((event) => event.bytes), splitter.rest()]);
  assert.deepEqual(out, bytes.subarray(start), 'a byte is lost');
  assert.deepEqual(
    events.map(({ data }) => data).filter((data) => data !== ''),
    dispatched(bytes.toString('utf8')),
  );
}

function pieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = random.many(6, () => random.below(bytes.length + 1)).toSorted((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

/** WHATWG HTML, "Interpreting an event stream", to the letter; events without data left out. */
function dispatched(text: string): readonly string[] {
  const found: string[] = [];
  let data = '';
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  // What follows the last line end is not a line.
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 1) found.push(data.slice(0, -1));
      data = '';
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const rest = colon === -1 ? '' : line.slice(colon + 1);
    if (field === 'data' && line !== '') data += `${rest.startsWith(' ') ? rest.slice(1) : rest}\n`;
  }
  return found.filter((one) => one !== '');
}
