// Writes widgets until it is killed, and prints the name of each once its write is acknowledged.
import { writeSync } from 'node:fs';
import { asAppError } from '@mcp-runtime/api';
import { systemClock } from '@mcp-runtime/base';
import { openSqliteStore } from '../sqlite.ts';
import { WIDGETS, aWidget } from './widget.ts';

try {
  const store = openSqliteStore({ path: process.argv[2] ?? '', clock: systemClock });
  for (let count = 0; ; count++) {
    const { metadata } = await store.create(WIDGETS, aWidget(`w-${process.pid}-${count}`));
    writeSync(1, `${metadata.name}\n`);
  }
} catch (error) {
  writeSync(1, `${asAppError(error).code}\n`);
  process.exitCode = 1;
}
