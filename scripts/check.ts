// Everything that CI runs, in order. Ends with the sum of the test suites; stops at the first step that fails.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const node = (...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  ...args,
];

/** The tests come last, so that their sum is the last line. */
const STEPS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'types', command: [bin('tsc'), '--noEmit'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'format', command: [bin('oxfmt'), '--check'] },
  { name: 'dead code', command: [bin('knip'), '--no-config-hints'] },
  { name: 'generated files are current', command: node('scripts/generate.ts', '--check') },
  { name: 'build', command: node('scripts/build.ts') },
  { name: 'the packed package works', command: node('scripts/smoke.ts') },
  { name: 'tests', command: node('scripts/test.ts') },
];

for (const { name, command } of STEPS) {
  const started = performance.now();
  process.stdout.write(`── ${name}\n`);
  const status = await runCommand(command);
  if (status !== 0) {
    process.stdout.write(`── ${name}: failed\n`);
    process.exit(status);
  }
  if (name !== 'tests') process.stdout.write(`── ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

function runCommand([program = '', ...args]: readonly string[]): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
  child.on('error', () => resolve(71));
  child.on('exit', (code) => resolve(code ?? 70));
  return promise;
}
