#!/usr/bin/env node
// Plain JavaScript that the oldest Node can read: it must be able to say what is wrong.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < OLDEST_NODE) {
  process.stderr.write(
    `mcp-runtime: Node ${process.versions.node} is too old: Node ${OLDEST_NODE} or newer is needed\n` +
      'next: install a newer Node (https://nodejs.org), or in a checkout use `npm start`, which brings its own\n',
  );
  process.exit(78);
}

const built = new URL('../dist/cli.js', import.meta.url);
const source = new URL('../apps/cli/src/main.ts', import.meta.url);
const entry = existsSync(fileURLToPath(source)) ? source : built;

const { enableCompileCache } = await import('node:module');
enableCompileCache();
// node:sqlite is stable enough for us and announces itself as experimental on the oldest supported Node.
process.removeAllListeners('warning');
const { main } = await import(entry.href);
await main(process);
