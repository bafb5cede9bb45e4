import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, type AuditEvent } from '@mcp-runtime/api';
import { type Invocation } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { type AuditFilters, type AuditWindow, auditPages, filterQuery, windowQuery } from './query.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags, AuditFilters, AuditWindow {
  readonly limit: number | undefined;
  readonly file: string | undefined;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const query = { ...filterQuery(flags), ...windowQuery(flags, Date.now()) };
  const api = await connectApi(flags, io);
  const pages = auditPages(api, { query, order: 'oldest', limit: flags.limit ?? Infinity });
  if (flags.file === undefined) {
    for await (const page of pages) io.stdout.write(linesOf(page));
    return;
  }
  const count = await writePages(pages, resolve(io.cwd, flags.file));
  io.stderr.write(`wrote ${count} events to ${flags.file}\n`);
}

/** The file appears whole, under its name, once everything is in it. */
async function writePages(pages: AsyncIterable<readonly AuditEvent[]>, path: string): Promise<number> {
  const partial = `${path}.part`;
  let count = 0;
  try {
    await using file = await openNew(partial);
    for await (const page of pages) {
      await file.write(linesOf(page));
      count += page.length;
    }
    await file.sync();
    await rename(partial, path);
    return count;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    // Events name people, so only the user reads them.
    return await open(path, 'w', 0o600);
  } catch (cause) {
    throw new AppError('not_found', `\`${path}\` cannot be written`, { cause, next: 'check the folder' });
  }
}

function linesOf(events: readonly AuditEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
