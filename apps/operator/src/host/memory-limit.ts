import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@mcp-runtime/api';
import { processIds, statOf } from './proc.ts';

const POLL_MS = 1000;
/** Linux counts resident memory in pages of this size on the systems that Node supports. */
const PAGE_BYTES = 4096;
const MIB = 1024 * 1024;

/**
 * Resolves when the process groups use more resident memory than `limitBytes` together; never where there is no /proc.
 * A limit of the kernel (`RLIMIT_DATA`, `RLIMIT_AS`) would count what a runtime reserves and never uses.
 */
export async function overMemory(
  groups: () => readonly number[],
  limitBytes: number,
  signal: AbortSignal,
): Promise<AppError> {
  for (;;) {
    await delay(POLL_MS, undefined, { signal, ref: false });
    const used = await residentBytes(new Set(groups()));
    if (used > limitBytes) {
      const text = `used ${Math.ceil(used / MIB)} MiB of memory, its limit is ${Math.floor(limitBytes / MIB)} MiB`;
      return new AppError('server_exited', `the server was ended: it ${text}`);
    }
  }
}

/** Of all processes in the groups, children that they started included. */
async function residentBytes(groups: ReadonlySet<number>): Promise<number> {
  const stats = await Promise.all((await processIds()).map(statOf));
  const pages = stats.map((stat) => (stat !== undefined && groups.has(stat.group) ? stat.residentPages : 0));
  return pages.reduce((sum, count) => sum + count, 0) * PAGE_BYTES;
}
