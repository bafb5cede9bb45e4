import { globSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntry } from './tar.ts';

/** What is in `folder`, as it is to be under `at`. Of modes only whether a file is a program counts. */
export function treeAt(folder: string, at: string, leaveOut: RegExp = /^$/): readonly TarEntry[] {
  return globSync('**', { cwd: folder })
    .toSorted()
    .filter((path) => path !== '.' && !leaveOut.test(path))
    .flatMap((path) => entryOf(join(folder, path), `${at}/${path}`));
}

function entryOf(source: string, path: string): readonly TarEntry[] {
  const info = lstatSync(source);
  if (info.isSymbolicLink()) return [{ path, kind: 'link', target: readlinkSync(source) }];
  return info.isFile() ? [fileAt(source, path)] : [];
}

/** One file, whose symbolic links are followed. */
export function fileAt(source: string, path: string): TarEntry {
  const isProgram = (statSync(source).mode & 0o100) !== 0;
  return { path, kind: 'file', mode: isProgram ? 0o755 : 0o644, data: readFileSync(source) };
}

export function textFile(path: string, text: string): TarEntry {
  return { path, kind: 'file', mode: 0o644, data: Buffer.from(text) };
}

/** The entries, each preceded by the folders that it is in. Of two with one path the later counts. */
export function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const { path } of entries) {
    for (const folder of foldersOf(path)) byPath.set(folder, { path: folder, kind: 'directory', mode: 0o755 });
  }
  for (const entry of entries) byPath.set(entry.path, entry);
  return [...byPath.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
