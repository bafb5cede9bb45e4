import { AppError, DEFAULT_NAMESPACE, type MCPServer } from '@mcp-runtime/api';
import { setGrantDisabled } from '@mcp-runtime/control-plane';
import { type LocalRuntime } from '@mcp-runtime/local';
import { type Agent, type Outcome, connectAgent } from './agent.ts';

const SERVERS = ['everything', 'files', 'memory'] as const;
const GRANT = { namespace: DEFAULT_NAMESPACE, name: 'research-everything' };

/** What a person would try next, by what is there. */
export function nextCommands(servers: readonly MCPServer[]): readonly string[] {
  if (canTour(servers)) return AFTER_TOUR;
  return servers.length === 0 ? WITHOUT_SERVERS : WITH_SERVERS;
}

const WITHOUT_SERVERS = [
  'npx mcp-runtime server deploy files --npm @modelcontextprotocol/server-filesystem -- /some/folder',
  'npx mcp-runtime access grant init --help     # who may use it',
  'npx mcp-runtime status',
];

const WITH_SERVERS = [
  'npx mcp-runtime server status',
  'npx mcp-runtime access grant list     # who may do what',
  'npx mcp-runtime audit tail     # every call as it is recorded',
];

const AFTER_TOUR = [
  'npx mcp-runtime audit list --decision deny     # what was refused, and why',
  'npx mcp-runtime access grant disable research-files     # and call again: refused at once',
  'npx mcp-runtime server connect-config everything --client vscode     # connect your own client',
];

/** Whether the servers of the example are there and ready. */
export function canTour(servers: readonly MCPServer[]): boolean {
  return SERVERS.every((name) =>
    servers.some(
      ({ metadata, status }) =>
        metadata.namespace === DEFAULT_NAMESPACE && metadata.name === name && status?.phase === 'Ready',
    ),
  );
}

/** One call of the tour: what is done, and what has to come of it. */
interface Step {
  readonly title: string;
  readonly outcome: Promise<Outcome>;
  /** `allowed`, or the reason of a refusal. */
  readonly expect: string;
}

/**
 * Makes real calls as the agents of the example and tells what came of each.
 * @throws AppError `verification_failed` when one of them did not end as it should.
 */
export async function runTour(runtime: LocalRuntime, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  say('tour: real calls through the gateway, as the agents of the example');
  await setGrantDisabled(runtime.resources, GRANT, false);
  const everything = await connectAgent(runtime, { session: 'research-everything', server: 'everything', signal });
  const files = await connectAgent(runtime, { session: 'research-files', server: 'files', signal });
  const failures: string[] = [];
  const show = async ({ title, outcome, expect }: Step): Promise<void> => {
    const { verdict, text, ms } = await outcome;
    const isRight = verdict === expect;
    say(`  ${isRight ? '✓' : '✗'} ${title}: ${verdict} in ${ms.toFixed(1)} ms: ${text}`);
    if (!isRight) failures.push(`${title}: expected ${expect}, found ${verdict}`);
  };
  try {
    await showCalls(everything, files, show);
    await setGrantDisabled(runtime.resources, GRANT, true);
    say('  · grant research-everything disabled');
    await show({ title: 'research-agent echoes again', outcome: echo(everything), expect: 'tool_not_granted' });
  } finally {
    await setGrantDisabled(runtime.resources, GRANT, false);
    say('  · grant research-everything enabled again');
    await Promise.all([everything.close(), files.close()]);
  }
  if (failures.length > 0) throw new AppError('verification_failed', `the tour failed: ${failures.join('; ')}`);
}

async function showCalls(everything: Agent, files: Agent, show: (step: Step) => Promise<void>): Promise<void> {
  await show({ title: 'research-agent echoes through `everything`', outcome: echo(everything), expect: 'allowed' });
  await show({
    title: 'research-agent writes to `files`',
    outcome: files.call('write_file', { path: 'note.txt', content: 'hello' }),
    expect: 'side_effect_not_allowed',
  });
  await show({
    title: 'somebody calls `everything` without a token',
    outcome: everything.callAsNobody('echo', { message: 'hello' }),
    expect: 'missing_bearer_token',
  });
  await show({
    title: 'research-agent lists the tools of `everything`',
    outcome: everything.list(),
    expect: 'allowed',
  });
}

function echo(agent: Agent): Promise<Outcome> {
  return agent.call('echo', { message: 'hello' });
}
