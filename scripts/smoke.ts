// Proves that the package works for people who have nothing but it: packs what was built, installs the archive in an
// empty folder, and runs it there. Prints what it did; ends with status 1 at the first step that fails.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const FREE_PORTS = ['--listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'];
const TOUR_CALLS = 5;
/** The newest of the oldest line that `engines` of the package allows; a checkout runs on a newer one. */
const OLDEST_NODE = '24.21.0';

const folder = await mkdtemp(join(tmpdir(), 'mcp-runtime-smoke-'));
try {
  await smoke(folder);
} catch (error) {
  process.stderr.write(`smoke: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
}

async function smoke(folder: string): Promise<void> {
  if (!existsSync(join(root, 'dist/cli.js'))) throw new Error('there is no dist/cli.js: run `npm run build` first');
  const archive = await step('npm pack', async () => {
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
    const [name = ''] = await readdir(folder);
    return join(folder, name);
  });
  say(`  ${((await stat(archive)).size / 1024).toFixed(0)} KiB`);

  const home = join(folder, 'empty');
  await step('npm install in an empty folder', async () => {
    await mkdir(home);
    await writeFile(join(home, 'package.json'), '{"private": true}\n');
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', archive], home);
  });

  await step('npx mcp-runtime --help', async () => {
    expect(await runtime(['--help'], home), 'mcp-runtime up');
  });
  await step('npx mcp-runtime version', async () => {
    expect(await runtime(['version'], home), version);
    expect(await runtime(['version', '--output', 'yaml'], home), `: ${version}`);
  });
  const example = join('node_modules', 'mcp-runtime', 'examples', 'local');
  const tour = ['up', '-f', example, '--tour', '--data-dir', join(folder, 'data'), ...FREE_PORTS];
  await step('npx mcp-runtime up -f examples/local --tour', async () => {
    expectTour(await runtime(tour, home));
  });

  const oldest = join(folder, 'oldest');
  const nodes = join(oldest, 'node_modules', 'node', 'bin');
  await step(`npm install node@${OLDEST_NODE}`, async () => {
    await mkdir(oldest);
    await writeFile(join(oldest, 'package.json'), '{"private": true, "allowScripts": {"node": true}}\n');
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...flags, `node@${OLDEST_NODE}`], oldest);
  });
  await step(`the same on Node ${OLDEST_NODE}, with the data of the newer one`, async () => {
    const program = join('node_modules', 'mcp-runtime', 'bin', 'mcp-runtime.mjs');
    expect(await run(join(nodes, 'node'), [program, 'version'], home, nodes), `Node ${OLDEST_NODE}`);
    expectTour(await run(join(nodes, 'node'), [program, ...tour], home, nodes));
  });
}

function expectTour(told: string): void {
  const passed = told.split('\n').filter((line) => line.startsWith('  ✓ '));
  if (passed.length !== TOUR_CALLS) throw new Error(`${passed.length} of ${TOUR_CALLS} calls of the tour:\n${told}`);
  say(passed.join('\n'));
}

async function step<T>(name: string, act: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await act();
  say(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

function expect(told: string, part: string): void {
  if (!told.includes(part)) throw new Error(`expected \`${part}\` in:\n${told}`);
}

/** The installed program; never one that npx would fetch. */
function runtime(words: readonly string[], cwd: string): Promise<string> {
  return run('npx', ['--no', '--', 'mcp-runtime', ...words], cwd);
}

/** Standard output of a program that succeeds; the programs of `firstInPath` come before all others. */
async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  firstInPath = dirname(process.execPath),
): Promise<string> {
  const child = spawn(program, args, { cwd, env: environment(firstInPath), stdio: ['ignore', 'pipe', 'pipe'] });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const status = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ended = Promise.all([text(child.stdout), text(child.stderr), status]);
  const [stdout, stderr, code] = await Promise.race([ended, failed]);
  if (code !== 0) throw new Error(`\`${program} ${args.join(' ')}\` ended with status ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** As in a shell of its own, with this Node first: a nested npm must not take over what an outer one runs. */
function environment(firstInPath: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_(lifecycle|package|command)/.test(name) && !name.startsWith('MCP_'),
  );
  const path = [firstInPath, process.env['PATH'] ?? ''].join(delimiter);
  return { ...Object.fromEntries(own), PATH: path };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
