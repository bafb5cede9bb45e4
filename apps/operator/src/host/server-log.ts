import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { errnoOf } from '@mcp-runtime/base';
import { type FollowOptions } from './port.ts';

/** A new file begins before `maxBytes` are passed; `files` are kept in all. */
interface Rotation {
  readonly maxBytes: number;
  readonly files: number;
}

const ROTATION: Rotation = { maxBytes: 5 * 1024 * 1024, files: 3 };
const MAX_WAITING_LINES = 512;

/** What a server wrote: `server.log`, before it `server.log.1`, … */
export interface ServerLog {
  /** Never waits. When the disk is slower than the server, lines are left out and counted in the log. */
  write(text: string): void;
  tail(count: number): Promise<readonly string[]>;
  follow(options: FollowOptions): void;
  /** Resolves when all that was written is in the file. */
  flush(): Promise<void>;
}

interface ServerLogOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rotation?: Rotation;
}

export function openServerLog({ folder, clock, log, rotation = ROTATION }: ServerLogOptions): ServerLog {
  const followers = new Set<(line: string) => void>();
  let waiting: string[] = [];
  let leftOut = 0;
  let size: number | undefined;
  let pumping: Promise<void> | undefined;

  const fileAt = (index: number): string => join(folder, index === 0 ? 'server.log' : `server.log.${index}`);
  const stamped = (text: string): string => `${new Date(clock()).toISOString()} ${text}`;

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      if (leftOut > 0) batch.push(stamped(`(${leftOut} lines left out)`));
      leftOut = 0;
      try {
        await append(`${batch.join('\n')}\n`);
      } catch (error) {
        leftOut += batch.length;
        log.warn('the log of a server cannot be written', { folder, error });
      }
    }
    pumping = undefined;
  }

  async function append(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    size ??= await sizeOf(fileAt(0));
    if (size > 0 && size + bytes > rotation.maxBytes) {
      await rotate();
      size = 0;
    }
    await appendFile(fileAt(0), text, { mode: 0o600 });
    size += bytes;
  }

  async function rotate(): Promise<void> {
    for (let index = rotation.files - 2; index >= 0; index--) {
      await rename(fileAt(index), fileAt(index + 1)).catch(ignoreMissing);
    }
  }

  async function flush(): Promise<void> {
    await pumping;
  }

  return {
    write(text) {
      const line = stamped(text);
      for (const follower of followers) follower(line);
      if (waiting.length >= MAX_WAITING_LINES) {
        leftOut += 1;
        return;
      }
      waiting.push(line);
      pumping ??= pump();
    },
    async tail(count) {
      await flush();
      let lines: string[] = [];
      for (let index = 0; index < rotation.files && lines.length < count; index++) {
        lines = [...(await linesOf(fileAt(index))), ...lines];
      }
      return lines.slice(Math.max(0, lines.length - count));
    },
    follow(options) {
      const { signal } = options;
      if (signal.aborted) return;
      const follower = (line: string): void => options.onLine(line);
      followers.add(follower);
      signal.addEventListener('abort', () => followers.delete(follower), { once: true });
    },
    flush,
  };
}

async function linesOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  return text === undefined || text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(ignoreMissing))?.size ?? 0;
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
