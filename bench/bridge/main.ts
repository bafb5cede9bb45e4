// Our own proxy for servers over standard input and output.
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { startBridge } from '@mcp-runtime/bridge';
import { z } from 'zod';
import { answerQuestions, givenArgument, watchUsage } from '../lab/answering.ts';

const { command } = z.object({ command: z.array(z.string()) }).parse(givenArgument());
const [program = '', ...args] = command;
const { PATH = '' } = process.env;
const bridge = await startBridge({
  command: program,
  args,
  env: { PATH },
  cwd: process.cwd(),
  listen: { host: '127.0.0.1', port: 0 },
  path: '/mcp',
  process: 'per-session',
  maxSessions: 64,
  idleTimeoutMs: 600_000,
  maxMessageBytes: 4 * 1024 * 1024,
  log: silentLogger,
  clock: systemClock,
});
answerQuestions(new URL(bridge.url).origin, { usage: watchUsage() });
