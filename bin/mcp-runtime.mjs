#!/usr/bin/env node
// Plain JavaScript that the oldest Node can read: it must be able to say what is wrong.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major >= OLDEST_NODE) await runHere();
else if (existsSync(pinnedNode())) runWith(pinnedNode());
else {
  process.stderr.write(
    `mcp-runtime: Node ${process.versions.node} is too old: Node ${OLDEST_NODE} or newer is needed\n` +
      'next: install a newer Node (https://nodejs.org), or in a checkout use `npm start`, which brings its own\n',
  );
  process.exit(78);
}

async function runHere() {
  const source = new URL('../apps/cli/src/main.ts', import.meta.url);
  const entry = existsSync(fileURLToPath(source)) ? source : new URL('../dist/cli.js', import.meta.url);
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  // node:sqlite announces itself as experimental on the oldest supported Node.
  process.removeAllListeners('warning');
  const { main } = await import(entry.href);
  await main(process);
}

// In a checkout the right Node is a development dependency.
function pinnedNode() {
  return fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
}

function runWith(node) {
  // The channel tells the child when this process is gone, even after kill -9.
  // A small young generation costs nothing measurable and saves a quarter of the memory (docs/performance.md).
  const child = spawn(node, ['--max-semi-space-size=4', fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 70);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
