import { type Clock, isRecord } from '@mcp-runtime/base';
import { memberText, readJsonText } from '@mcp-runtime/mcp';
import { type Mirrored, mirroredOf } from './param-headers.ts';

/** Which arguments tools want mirrored, learned from their lists. */
export interface ToolHeaders {
  /** Lists the tools of `place` if this one is not known there. Rejects when they cannot be listed. */
  of(place: string, tool: string, list: ListPage): Promise<readonly Mirrored[]>;
  /** What is known of `place` is not to be trusted any more. */
  forget(place: string): void;
}

/** Asks for a page of the list: the JSON text of a result. `cursor` is the JSON text of one. */
export type ListPage = (cursor: string | undefined) => Promise<string>;

interface Known {
  readonly tools: Map<string, readonly Mirrored[]>;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

const LIFE_MS = 5 * 60_000;
const MAX_PLACES = 512;
const MAX_PAGES = 50;
const MAX_TOOLS = 10_000;
const MAX_DEPTH = 128;

/** A place is a server as one principal sees it. */
export function createToolHeaders(clock: Clock): ToolHeaders {
  const places = new Map<string, Known>();

  function known(place: string): Known | undefined {
    const found = places.get(place);
    return found !== undefined && clock() - found.since < LIFE_MS ? found : undefined;
  }

  async function learn(place: string, list: ListPage): Promise<Known> {
    const tools = new Map<string, readonly Mirrored[]>();
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES && tools.size < MAX_TOOLS; page++) {
      const result = await list(cursor);
      for (const [name, mirrored] of toolsIn(result)) tools.set(name, mirrored);
      cursor = memberText(result, 'nextCursor');
      if (cursor === undefined || cursor === 'null') break;
    }
    const learned = { tools, since: clock() };
    places.delete(place);
    places.set(place, learned);
    const [oldest] = places.keys();
    if (places.size > MAX_PLACES && oldest !== undefined) places.delete(oldest);
    return learned;
  }

  return {
    of: async (place, tool, list) => {
      const { tools } = known(place) ?? (await learn(place, list));
      // A tool that is not listed has no schema, and its server says that there is none.
      return tools.get(tool) ?? [];
    },
    forget: (place) => void places.delete(place),
  };
}

function* toolsIn(result: string): Generator<readonly [string, readonly Mirrored[]]> {
  const read = readJsonText(Buffer.from(memberText(result, 'tools') ?? '[]'), { maxDepth: MAX_DEPTH });
  if (!read.ok || !Array.isArray(read.value)) return;
  for (const tool of read.value) {
    if (isRecord(tool) && typeof tool['name'] === 'string') yield [tool['name'], mirroredOf(tool['inputSchema'])];
  }
}
