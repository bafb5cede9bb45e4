import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Rooms whose test files take longer to load than to run: those of a room share a process. */
const ROOMS = [
  'apps/gateway',
  'apps/cli',
  'packages/mcp',
  'packages/api',
  'packages/control-plane',
  'packages/base',
  'packages/policy',
  'packages/delivery',
  'packages/events',
  'packages/kube',
  'apps/operator',
] as const;
/** These wait for programs that they install or start: they take long beside the others, and would hold theirs up. */
const SLOW = /\/apps\/operator\/src\/host\/|\/packages\/policy\/src\/monotone\./;
/** Hooks outside of a suite would be those of every file of the group. */
const HAS_HOOKS = /^(?:before|after)(?:Each)?\(/m;

/** The files, with those that can share a process replaced by one that loads them all. `folder` is for the latter. */
export function grouped(files: readonly string[], folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const left = new Set(files);
  const entries = ROOMS.map((room) => {
    const together = files.filter((file) => file.includes(`/${room}/`) && canShare(file));
    for (const file of together) left.delete(file);
    const entry = join(folder, `${room.replace('/', '-')}.mjs`);
    writeFileSync(entry, together.map((file) => `await import(${JSON.stringify(file)});\n`).join(''));
    return entry;
  });
  const slow = [...left].filter((file) => SLOW.test(file));
  for (const file of slow) left.delete(file);
  return [...slow, ...entries, ...left];
}

function canShare(file: string): boolean {
  return !SLOW.test(file) && !HAS_HOOKS.test(readFileSync(file, 'utf8'));
}
