import { open } from 'node:fs/promises';
import { keyOf, keyText } from '@mcp-runtime/api';
import { findResourceFiles } from './find-files.ts';
import { type ResourceProblem, inOrder, wholeFile } from './problem.ts';
import { type LoadedFiles, type LoadedResource, readResources } from './read-resources.ts';

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads resources from files and folders. All faults of all files are collected; with one of them there
 * are no resources, so that nothing is applied by half. Never rejects for what a file holds.
 */
export async function loadResourceFiles(paths: readonly string[]): Promise<LoadedFiles> {
  const found = await findResourceFiles(paths);
  const read: LoadedFiles[] = [];
  for (const file of found.files) read.push(await readFile(file));
  return wholeOrNothing({
    resources: read.flatMap((one) => one.resources),
    problems: [...found.problems, ...read.flatMap((one) => one.problems)],
    notes: read.flatMap((one) => one.notes),
  });
}

/** The same over text that is already here, such as standard input; `file` is the name that faults show. */
export function parseResources(file: string, text: string): LoadedFiles {
  return wholeOrNothing(readResources(file, text));
}

function wholeOrNothing({ resources, problems, notes }: LoadedFiles): LoadedFiles {
  const all = inOrder([...problems, ...repeated(resources)]);
  return { resources: all.length > 0 ? [] : resources, problems: all, notes };
}

/** An object that is declared a second time is a fault at the second place that names the first. */
function repeated(loaded: readonly LoadedResource[]): readonly ResourceProblem[] {
  const first = new Map<string, LoadedResource>();
  return loaded.flatMap((entry) => {
    const label = `${entry.resource.kind} ${keyText(keyOf(entry.resource))}`;
    const earlier = first.get(label);
    if (earlier === undefined) {
      first.set(label, entry);
      return [];
    }
    const message = `${label}: declared twice, here and at ${earlier.file}:${earlier.line}`;
    return [{ file: entry.file, line: entry.line, column: 1, message }];
  });
}

async function readFile(file: string): Promise<LoadedFiles> {
  const content = await readText(file);
  if (typeof content === 'string') return readResources(file, content);
  return { resources: [], problems: [wholeFile(file, content.fault)], notes: [] };
}

async function readText(file: string): Promise<string | { readonly fault: string }> {
  try {
    await using handle = await open(file);
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    if (bytesRead > MAX_FILE_BYTES) return { fault: `the file has more than ${MAX_FILE_BYTES} bytes` };
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead));
  } catch (error) {
    return { fault: error instanceof TypeError ? 'the file is not UTF-8 text' : 'the file cannot be read' };
  }
}
