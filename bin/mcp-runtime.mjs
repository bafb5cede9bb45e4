#!/usr/bin/env node
// Plain JavaScript that the oldest Node can read: it must be able to say what is wrong.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const LEAN = ['--max-semi-space-size=4'];
const GATEWAY = ['--max-semi-space-size=16', '--no-parallel-scavenge'];
const major = Number(process.versions.node.split('.')[0]);

if (major >= OLDEST_NODE) {
  restartWithFlags();
  await runHere();
} else if (existsSync(pinnedNode())) runWith(pinnedNode());
else {
  process.stderr.write(
    `mcp-runtime: Node ${process.versions.node} is too old: Node ${OLDEST_NODE} or newer is needed\n` +
      'next: install a newer Node (https://nodejs.org), or in a checkout use `npm start`, which brings its own\n',
  );
  process.exit(78);
}

// What runs for long starts again as the same process, with a small young generation: that costs nothing measurable and
// saves a fifth of the memory. A gateway makes 35 KB of garbage for each call: a larger one, collected by one thread, costs it
// a tenth less (docs/performance.md). Not where a channel to a parent would be lost, nor where Node cannot.
function restartWithFlags() {
  const [role, ...rest] = process.argv.slice(2);
  const runsLong = (role === 'up' || role === 'serve') && !rest.some((word) => word === '--help' || word === '-h');
  const isChosen = /max[-_]semi[-_]space[-_]size/.test(
    `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`,
  );
  const canRestart = process.execve !== undefined && process.platform !== 'win32' && process.channel === undefined;
  if (!runsLong || isChosen || !canRestart) return;
  // Node calls execve experimental on each start.
  process.removeAllListeners('warning');
  const args = [process.execPath, ...flagsOfRole(), ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, process.env);
}

function flagsOfRole() {
  const [command, role] = process.argv.slice(2);
  return command === 'serve' && role === 'gateway' ? GATEWAY : LEAN;
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
  const child = spawn(node, [...flagsOfRole(), fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
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
