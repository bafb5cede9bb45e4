import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.ts';
import { startNode } from '../support/program.ts';
import { untilTrue } from '../support/until.ts';
import { type Subject } from './subject.ts';

const PROGRAM = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

/** The published reference server, over Streamable HTTP. */
export async function startEverything(): Promise<Subject> {
  const port = await freePort();
  const program = await startNode([PROGRAM, 'streamableHttp'], { env: { PORT: String(port) } });
  try {
    await untilTrue('server-everything listens', () => program.stderr().includes('listening on port'));
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
