import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

const EX_USAGE = 64;

/** What the command line of a script says. `--help` prints `usage` and ends the process; so does what is not in `options`. */
export function flagsOf<T extends ParseArgsOptionsConfig>(
  usage: string,
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(usage, error instanceof Error ? error.message : String(error));
  }
}

/** Says what is wrong with the command line, and ends the process. */
export function refuse(usage: string, message: string): never {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(EX_USAGE);
}
