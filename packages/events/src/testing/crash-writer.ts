// Appends until it is killed, and says of each record once its append has resolved. Run by crash.test.ts.
import { writeSync } from 'node:fs';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { openSpool } from '../spool/open-spool.ts';
import { anEvent } from './an-event.ts';

const [dir = '', fsync] = process.argv.slice(2);
const spool = await openSpool({
  dir,
  writer: 'gateway',
  clock: systemClock,
  segmentBytes: 20_000,
  fsync: fsync === 'always' ? 'always' : 'on-rotate',
  log: silentLogger,
});
for (let n = 0; ; n++) {
  await Promise.all([1, 2, 3].map(() => spool.append(anEvent(n))));
  writeSync(1, `${spool.head().seq}\n`);
}
