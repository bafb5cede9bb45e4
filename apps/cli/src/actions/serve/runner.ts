import process from 'node:process';
import { RUNNER } from '@mcp-runtime/api';
import { systemClock } from '@mcp-runtime/base';
import { createLogger } from '@mcp-runtime/base/logger';
import { startBridge } from '@mcp-runtime/bridge';
import { becomeChildOfInit, readInstructions, startRunner } from '@mcp-runtime/operator/runner';
import { type Invocation } from '../../frame/command.ts';
import { untilAborted } from '../until-aborted.ts';
import { packageRoot } from '../up/package-root.ts';

interface Flags {
  readonly 'data-dir': string | undefined;
}

const IDLE_MS = 30 * 60_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const instructions = readInstructions(io.env);
  becomeChildOfInit(process);
  const log = createLogger({ level: 'warn' });
  const root = await packageRoot();
  await using runner = await startRunner({
    instructions,
    env: io.env,
    dataDir: flags['data-dir'] ?? `${RUNNER.cache}/runner`,
    packageRoots: root === undefined ? [] : [root],
    startBridge: (request, listen) =>
      startBridge({
        ...request,
        listen,
        idleTimeoutMs: IDLE_MS,
        maxMessageBytes: MAX_MESSAGE_BYTES,
        clock: systemClock,
        log,
      }),
    clock: systemClock,
    log,
    onLine: (line) => io.stdout.write(`${line}\n`),
  });
  const error = await Promise.race([runner.failed, untilAborted(io.signal)]);
  if (error !== undefined) throw error;
}
