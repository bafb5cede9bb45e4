import { type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@mcp-runtime/base';

/** A file of consecutive records of one writer, named for the first of them. */
export interface Segment {
  readonly first: number;
  readonly path: string;
}

const NAME = /^\d{16}\.jsonl$/;
const WRITER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Writers name folders, and take part in hashes: plain file names only. */
export function isWriterName(text: string): boolean {
  return WRITER.test(text);
}

export function segmentOf(dir: string, writer: string, first: number): Segment {
  return { first, path: join(dir, writer, `${first.toString().padStart(16, '0')}.jsonl`) };
}

/** Oldest first; none when the folder does not exist. */
export async function listSegments(dir: string, writer: string): Promise<readonly Segment[]> {
  const entries = await entriesOf(join(dir, writer));
  return entries
    .map(({ name }) => name)
    .filter((name) => NAME.test(name))
    .toSorted()
    .map((name) => segmentOf(dir, writer, Number(name.slice(0, 16))));
}

/** The writers that have a folder in the spool, by name. */
export async function listWriters(dir: string): Promise<readonly string[]> {
  const entries = await entriesOf(dir);
  return entries
    .filter((entry) => entry.isDirectory() && isWriterName(entry.name))
    .map(({ name }) => name)
    .toSorted();
}

/** Of all segments of a writer. One that is removed meanwhile counts for nothing. */
export async function bytesOf(dir: string, writer: string): Promise<number> {
  const segments = await listSegments(dir, writer);
  const sizes = await Promise.all(
    segments.map(({ path }) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function entriesOf(dir: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
