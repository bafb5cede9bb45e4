import { type Command } from '../frame/command.ts';
import { withOutputFlag } from '../frame/run.ts';
import { POLICY_COMMANDS } from './policy.ts';
import { RUNTIME_COMMANDS } from './runtime.ts';

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [...RUNTIME_COMMANDS, ...POLICY_COMMANDS].map(withOutputFlag);
