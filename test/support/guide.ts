import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const GUIDES = join(import.meta.dirname, '../../docs/guide');
const BLOCK = /^```console\n(.*?)^```$/gms;
const HEADING = /^## (.+)$/gm;

/** A command that a guide shows after `$ `, with the lines that go on. */
export interface GuideCommand {
  /** `tenancy.md, Other numbers`. */
  readonly where: string;
  readonly text: string;
}

/** The commands of a guide in their order. */
export async function commandsOf(guide: string): Promise<readonly GuideCommand[]> {
  const path = join(GUIDES, guide);
  const text = await readFile(path, 'utf8');
  const headings = [...text.matchAll(HEADING)];
  return [...text.matchAll(BLOCK)].flatMap(({ index, 1: block = '' }) => {
    const section = headings.findLast((heading) => heading.index < index)?.[1] ?? 'the beginning';
    return block
      .split(/^\$ /m)
      .slice(1)
      .map((command) => ({ where: `${basename(path)}, ${section}`, text: command.trimEnd() }));
  });
}
