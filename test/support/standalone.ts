import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cliText } from './cli.ts';
import { type Program, startProgram } from './program.ts';

const MEMORY_SERVER = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'));

export interface Listening extends AsyncDisposable {
  readonly program: Program;
  readonly url: string;
}

/** The memory server, served by `serve bridge`. */
export function startBridge(cwd: string): Promise<Listening> {
  const words = ['serve', 'bridge', '--listen', '127.0.0.1:0', '--isolation', 'shared'];
  return startListening([...words, '--', process.execPath, MEMORY_SERVER], cwd);
}

export function startGateway(flags: readonly string[], cwd: string): Promise<Listening> {
  const listen = flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  return startListening(['serve', 'gateway', ...listen, ...flags], cwd);
}

async function startListening(words: readonly string[], cwd: string): Promise<Listening> {
  const program = await startProgram(words, { cwd });
  try {
    const [, url] = await program.printed(/ at (https?:\S+)/);
    assert.ok(url !== undefined);
    return { program, url, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a policy document is rendered from. */
export interface PolicyInput {
  readonly auth: 'header' | 'token';
  /** Tools that agent `editor` may call. */
  readonly tools: readonly string[];
}

/** Renders a policy document of server `memory` and puts it in place at once, as a mounted volume does. */
export async function writePolicy(path: string, input: PolicyInput, folder: string): Promise<void> {
  const source = join(folder, 'resources.yaml');
  await writeFile(
    source,
    resourcesOf(input)
      .map((one) => JSON.stringify(one))
      .join('\n---\n'),
  );
  const words = ['policy', 'render', '-f', source, '--server', 'mcp-servers/memory', '--output', 'json'];
  await writeFile(`${path}.new`, await cliText(words, { dataDir: folder }));
  await rename(`${path}.new`, path);
}

function resourcesOf({ auth, tools }: PolicyInput): readonly object[] {
  const head = { apiVersion: 'mcpruntime.org/v1alpha1', metadata: { name: 'memory' } };
  const about = { serverRef: { name: 'memory' }, subject: { agentID: 'editor' } };
  return [
    {
      ...head,
      kind: 'MCPServer',
      spec: {
        source: { command: { command: 'node' } },
        auth: { mode: auth },
        policy: { denials: 'explain' },
        session: { required: auth === 'token' },
        gateway: { enabled: true },
        tools: [
          { name: 'read_graph', sideEffect: 'read' },
          { name: 'search_nodes', sideEffect: 'read' },
        ],
      },
    },
    {
      ...head,
      kind: 'MCPAccessGrant',
      spec: { ...about, allowedSideEffects: ['read'], toolRules: tools.map((name) => ({ name, decision: 'allow' })) },
    },
    { ...head, kind: 'MCPAgentSession', spec: { ...about, consentedTrust: 'low' } },
  ];
}
