import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock } from '@mcp-runtime/base';
import { type Subject } from '../contract.ts';
import { openMemoryStore } from '../memory.ts';
import { openSqliteStore } from '../sqlite.ts';

export const FIXED_CLOCK: Clock = () => Date.parse('2026-01-02T03:04:05.678Z');

export async function memorySubject(): Promise<Subject & AsyncDisposable> {
  const client = openMemoryStore({ clock: FIXED_CLOCK });
  return { client, namespace: 'widgets', [Symbol.asyncDispose]: () => client.close() };
}

export async function sqliteSubject(): Promise<Subject & AsyncDisposable> {
  const folder = await aFolder();
  const client = openSqliteStore({ path: join(folder.path, 'resources.db'), clock: FIXED_CLOCK });
  const dispose = async (): Promise<void> => {
    await client.close();
    await folder[Symbol.asyncDispose]();
  };
  return { client, namespace: 'widgets', [Symbol.asyncDispose]: dispose };
}

export async function aFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kube-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
