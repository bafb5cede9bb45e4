import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

function linesOf(write: (log: (line: string) => void) => void): readonly Record<string, unknown>[] {
  const lines: string[] = [];
  write((line) => lines.push(line));
  return lines.map((line) => JSON.parse(line));
}

test('one JSON line for each message at the level or above, and the level can change', () => {
  const lines = linesOf((write) => {
    const log = createLogger({ level: 'warn', write });
    const child = log.with({ part: 'x' });
    log.info('not wanted');
    log.warn('wanted', { n: 1 });
    log.setLevel('info');
    child.info('wanted now');
    log.setLevel('silent');
    child.error('never');
  });
  assert.deepEqual(
    lines.map(({ msg, n, part }) => [msg, n, part]),
    [
      ['wanted', 1, undefined],
      ['wanted now', undefined, 'x'],
    ],
  );
  assert.equal(typeof lines[0]?.['time'], 'string');
});

test('a flood is held back and told by its numbers', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines = linesOf((write) => {
    const log = createLogger({ level: 'info', write, rate: { burst: 2, perSecond: 1 }, clock: () => 0 });
    for (let n = 0; n < 1000; n++) log.info('refused', { n });
    log.error('broken');
    log.debug('below the level, so not counted');
    t.mock.timers.tick(10_000);
  });
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['refused', 'refused', 'log lines were held back'],
  );
  assert.deepEqual(lines[2]?.['held'], { refused: 998, broken: 1 });
});
