import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { findTail } from './find-tail.ts';
import { type Spool, type SpoolOptions } from './port.ts';
import { type SegmentFiles, diskFiles } from './segment-file.ts';
import { SegmentWriter } from './segment-writer.ts';
import { SegmentSpool } from './segment-spool.ts';
import { bytesOf, isWriterName } from './segments.ts';
import { lockWriter } from './writer-lock.ts';

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * Goes on where the writer stopped: checks its last segment and cuts off a line left incomplete by a crash.
 * @throws AppError `data_corrupt` naming file and line when a whole record is wrong; `invalid_config` for
 * a writer that is not a file name; `data_in_use` when another process has the writer open; `audit_unavailable` when
 * the folder cannot be written.
 */
export function openSpool(options: SpoolOptions): Promise<Spool> {
  return openSpoolOn(diskFiles, options);
}

export async function openSpoolOn(files: SegmentFiles, options: SpoolOptions): Promise<Spool> {
  const { dir, writer, lockWaitMs = 0, log } = options;
  if (!isWriterName(writer)) throw new AppError('invalid_config', `the audit writer \`${writer}\` is not a file name`);
  const folder = join(dir, writer);
  let unlock: (() => void) | undefined;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    unlock = await lockWriter({ dir, writer, waitMs: lockWaitMs, log });
    return await openLocked(files, options, unlock);
  } catch (error) {
    unlock?.();
    if (error instanceof AppError) throw error;
    throw new AppError('audit_unavailable', `the audit spool \`${folder}\` cannot be opened`, { cause: error });
  }
}

async function openLocked(files: SegmentFiles, options: SpoolOptions, unlock: () => void): Promise<Spool> {
  const { dir, writer, log, segmentBytes = DEFAULT_SEGMENT_BYTES, fsync = 'on-rotate' } = options;
  const tail = await findTail(dir, writer);
  const segments = new SegmentWriter({ files, dir, writer, tail, segmentBytes, fsync, log });
  if (fsync === 'always') await files.syncFolder(dir);
  if (tail.tornBytes > 0) log.warn('incomplete audit record cut off', { writer, bytes: tail.tornBytes });
  return new SegmentSpool(options, { segments, bytes: await bytesOf(dir, writer), tail: tail.head, unlock });
}
