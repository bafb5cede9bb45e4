import { existsSync, readFileSync } from 'node:fs';
import { AppError } from '@mcp-runtime/api';

const SHELL = '/bin/sh';
/** What this process was started as. Where a loader was told to run Node, `process.execPath` is that loader alone. */
const COMMAND = '/proc/self/cmdline';

/**
 * A shell waits for every process that ends, also for those whose parents are gone and which the kernel gives to the first
 * process of a container; Node waits for its own children alone. What asks the first process to end is passed on.
 */
const INIT = `
"$@" &
child=$!
trap 'kill -TERM "$child"' TERM INT
while :; do
  wait "$child"
  status=$?
  kill -0 "$child" 2>/dev/null || exit "$status"
done`;

/**
 * Starts this program again as the child of an init, where it is the first process of a container: then it does not return.
 * Without a shell, as in images that hold nothing but their program, the dead stay unburied until the container ends.
 */
export function becomeChildOfInit(program: NodeJS.Process): void {
  if (program.pid !== 1 || program.execve === undefined || !existsSync(SHELL)) return;
  const command = readFileSync(COMMAND, 'utf8').split('\0').slice(0, -1);
  program.execve(SHELL, [SHELL, '-c', INIT, SHELL, ...command], program.env);
  throw new AppError('internal', 'the init could not be started');
}
