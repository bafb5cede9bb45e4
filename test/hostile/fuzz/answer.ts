import assert from 'node:assert/strict';
import { filterList, isResponse, outcomeOf } from '@mcp-runtime/mcp';
import { z } from 'zod';
import { spelled, value } from './messages.ts';
import { mutate } from './mutate.ts';
import { type Random } from './random.ts';
import { hasEqualNames, strictParse } from './strict-json.ts';
import { type Target } from './target.ts';

const NAMES = ['read_graph', 'delete_entities', 'é', '', 'a"b'] as const;
const Listed = z.looseObject({ result: z.looseObject({ tools: z.array(z.unknown()).optional() }).optional() });
const Tool = z.looseObject({ name: z.string() });

/** A filtered list is the list without what is hidden, for another reader too; and no answer breaks anything. */
export function answerTarget(): Target {
  return { run: (random) => check(answer(random)) };
}

function answer(random: Random): Buffer {
  const tool = (): string =>
    random.once(8) ? value(random, 2) : `{"x":${value(random, 2)},"name":${spelled(random.pick(NAMES), random)}}`;
  const more = random.once(3)
    ? `,"${random.pick(['cacheScope', 'nextCursor', 'isError', 'Tools'])}":${value(random, 1)}`
    : '';
  const result = `"${random.once(9) ? 'error' : 'result'}":{"tools":[${random.many(4, tool).join(' ,')}]${more}}`;
  const bytes = Buffer.from(`{"jsonrpc":"2.0","id":1,${result}}`);
  return random.once(2) ? mutate(bytes, random) : bytes;
}

const isVisible = (name: string): boolean => name !== 'delete_entities';

function check(bytes: Buffer): void {
  const text = bytes.toString('utf8');
  isResponse(text);
  outcomeOf(text);
  const shown = filterList(text, 'tools', isVisible);
  const tree = strictParse(text);
  if (shown === undefined) return;
  assert.ok(tree !== undefined && !hasEqualNames(tree), 'it was not JSON, or had a name twice');
  const [before, after] = [JSON.parse(text), JSON.parse(shown)].map((one) => Listed.safeParse(one));
  if (before?.success !== true || after?.success !== true) return;
  const kept = (before.data.result?.tools ?? []).filter((tool) => {
    const named = Tool.safeParse(tool);
    return named.success && isVisible(named.data.name);
  });
  if (before.data.result?.tools !== undefined) assert.deepEqual(after.data.result?.tools, kept);
  assert.equal(isResponse(shown), true);
}
