import { Readable } from 'node:stream';
import { COMMANDS } from '../commands/index.ts';
import { type Command, type CommandIo } from '../frame/command.ts';
import { runProgram } from '../frame/run.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface World {
  readonly env?: CommandIo['env'];
  readonly cwd?: string;
  readonly stdin?: string;
  readonly commands?: readonly Command[];
  readonly signal?: AbortSignal;
  /** Called with everything that standard output holds, after each write. */
  readonly onStdout?: (text: string) => void;
}

/** Runs one command line with the world captured. */
export async function runCli(words: readonly string[], world: World = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const io: CommandIo = {
    stdout: {
      write: (text) => {
        stdout += text;
        world.onStdout?.(stdout);
      },
      isTerminal: false,
    },
    stderr: { write: (text) => void (stderr += text), isTerminal: false },
    stdin: Readable.from([world.stdin ?? '']),
    env: world.env ?? {},
    cwd: world.cwd ?? process.cwd(),
    signal: world.signal ?? new AbortController().signal,
  };
  const status = await runProgram(world.commands ?? COMMANDS, words, io);
  return { status, stdout, stderr };
}
