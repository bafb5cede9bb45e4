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

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Bytes of a Kubernetes quantity such as `256Mi`; undefined when it is none. */
export function bytesOf(quantity: string | undefined): number | undefined {
  const match = /^([0-9.]+)([a-zA-Z]*)$/.exec(quantity ?? '');
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
