import { COMMANDS } from './commands/index.ts';
import { type CommandIo } from './frame/command.ts';
import { runProgram } from './frame/run.ts';

/** The program: the only place that touches the process. */
export async function main(process: NodeJS.Process): Promise<void> {
  const words = process.argv.slice(2);
  const io = processIo(process);
  if (words[0] === '__complete') {
    const { candidatesFor } = await import('./actions/complete.ts');
    io.stdout.write((await candidatesFor(COMMANDS, words.slice(1), io)).map((word) => `${word}\n`).join(''));
    process.exit();
  }
  const asked = VERSION_FLAGS.includes(words[0] ?? '') ? ['version', ...words.slice(1)] : words;
  process.exitCode = await runProgram(COMMANDS, asked, io);
  // Connections that are kept alive must not hold a finished command back.
  process.exit();
}

const VERSION_FLAGS = ['--version', '-v', '-V'];

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function processIo(process: NodeJS.Process): CommandIo {
  const stop = new AbortController();
  const end = (reason: string): void => {
    // A second one ends the process at once, in the way of the system.
    for (const signal of SIGNALS) process.removeAllListeners(signal);
    stop.abort(reason);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  // The wrapper that brings the right Node holds the other end: it is gone when this disconnects.
  process.once('disconnect', () => end('SIGHUP'));
  process.channel?.unref();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
    });
  }
  return {
    stdout: { write: (text) => void process.stdout.write(text), isTerminal: process.stdout.isTTY },
    stderr: { write: (text) => void process.stderr.write(text), isTerminal: process.stderr.isTTY },
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    signal: stop.signal,
  };
}
