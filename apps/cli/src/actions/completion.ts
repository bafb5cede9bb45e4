import { AppError } from '@mcp-runtime/api/errors';
import { type FlagSpecs, type Invocation } from '../frame/command.ts';
import { SHELLS, completionScript } from '../frame/completion.ts';

export async function run({ args, io }: Pick<Invocation<FlagSpecs>, 'args' | 'io'>): Promise<void> {
  const shell = SHELLS.find((known) => known === args[0]);
  if (shell === undefined)
    throw new AppError('usage', `SHELL: found \`${args[0] ?? ''}\`, allowed: ${SHELLS.join(', ')}`);
  io.stdout.write(completionScript(shell));
}
