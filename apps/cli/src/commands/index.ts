import { type Command } from '../frame/command.ts';
import { withOutputFlag } from '../frame/run.ts';
import { ACCESS_COMMANDS } from './access.ts';
import { AUDIT_COMMANDS } from './audit.ts';
import { POLICY_COMMANDS } from './policy.ts';
import { RUNTIME_COMMANDS } from './runtime.ts';
import { SERVER_COMMANDS } from './server.ts';

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  ...RUNTIME_COMMANDS,
  ...SERVER_COMMANDS,
  ...ACCESS_COMMANDS,
  ...POLICY_COMMANDS,
  ...AUDIT_COMMANDS,
].map(withOutputFlag);
