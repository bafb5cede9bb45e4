// Runs the corpus against any gateway: `node test/hostile/run.ts --url http://127.0.0.1:7400/memory/mcp --token TOKEN`.
// What the server behind it saw and what was recorded can only be checked from inside: `corpus.test.ts` does.
import { parseArgs } from 'node:util';
import { type HostileCase, bytesOf, loadCorpus } from './corpus.ts';
import { refusalIn, send } from './send.ts';

interface Target {
  readonly url: string;
  /** Of an agent that may call `read_graph`. */
  readonly token: string;
}

/** What the gateway did otherwise than the corpus says; undefined when nothing. */
export async function differenceOf(one: HostileCase, { url, token }: Target): Promise<string | undefined> {
  const { host, pathname } = new URL(url);
  const credential = one.credential === 'none' ? undefined : token;
  const answers = await send(url, bytesOf(one, { host, path: pathname, token: credential, session: 'guessed' }));
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) return `${answers.length} answers`;
  const { reason } = refusalIn(answer);
  const { status, reason: wanted } = one.expect;
  if (answer.status === status && reason === wanted) return undefined;
  return `${answer.status} ${reason ?? ''}, expected ${status} ${wanted ?? ''}: ${answer.body.slice(0, 200)}`;
}

/** Cases that need nothing but a token: none forged, no session of somebody else, no policy, nothing that is let through. */
export function portableCases(): readonly HostileCase[] {
  return loadCorpus().filter(
    ({ id, credential, expect, headers }) =>
      !id.startsWith('methods: ') &&
      (credential === 'valid' || credential === 'none') &&
      expect.server === 'nothing' &&
      !headers.some((line) => line.includes('{session}')),
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { url: { type: 'string' }, token: { type: 'string' } } });
  const { url, token } = values;
  if (url === undefined || token === undefined) {
    process.stderr.write('usage: node test/hostile/run.ts --url URL --token TOKEN\n');
    return 64;
  }
  const cases = portableCases();
  let differences = 0;
  for (const one of cases) {
    const difference = await differenceOf(one, { url, token }).catch(String);
    if (difference === undefined) continue;
    differences += 1;
    process.stdout.write(`${one.id}: ${difference}\n`);
  }
  process.stdout.write(`${cases.length - differences} as expected, ${differences} not\n`);
  return differences === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
