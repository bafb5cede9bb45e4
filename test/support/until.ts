import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;
/** Only what will never be is waited for this long: a busy machine, or a slow package registry, is no fault of the product. */
const PATIENCE_MS = 120_000;

/** Looks again and again until `look` finds something; fails, naming what was waited for, after two minutes. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(LOOK_EVERY_MS);
  }
  assert.fail(`waited in vain until ${what}`);
}

/** The same for a condition. */
export async function untilTrue(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  await until(what, async () => ((await holds()) ? 'holds' : undefined));
}
