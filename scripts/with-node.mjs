// Runs a script with the pinned Node, after installing what the lockfile names. Reads on Node 20 and newer.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 20;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const stamp = join(root, 'node_modules', '.installed-lock');

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `Node ${process.versions.node} is too old to set this up: Node ${OLDEST_NODE} or newer is needed\n`,
  );
  process.exit(78);
}

installIfNeeded();
run(process.argv.slice(2));

function installIfNeeded() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed === wanted && existsSync(pinnedNode)) return;
  process.stderr.write('installing packages (once for each change of package-lock.json) …\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // npm run adds settings of its own that a nested npm must not inherit
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^npm_(lifecycle|package|command)/.test(name)),
    ),
  });
  if (status !== 0) {
    process.stderr.write('npm ci failed; see its message above, then run the same command again\n');
    process.exit(69);
  }
  writeFileSync(stamp, wanted);
}

function run(args) {
  const node = process.env.MCP_RUNTIME_NODE ?? (existsSync(pinnedNode) ? pinnedNode : process.execPath);
  // The channel tells the child when this process is gone, even after kill -9.
  // A small young generation costs nothing measurable and saves a quarter of the memory (docs/performance.md).
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];
  const child = spawn(node, [...flags, ...args], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`cannot start Node: ${error.message}\n`);
    process.exit(71);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 70);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
