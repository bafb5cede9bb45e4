import { fileURLToPath } from 'node:url';
import * as v2 from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Program, ROOT, startNode } from './program.ts';

export interface Endpoint {
  readonly url: string;
  readonly token: string;
}

/** What every generation of clients can do, in one form. */
export interface McpClient extends AsyncDisposable {
  readonly sessionId: string | undefined;
  tools(): Promise<readonly string[]>;
  prompts(): Promise<readonly string[]>;
  resources(): Promise<readonly string[]>;
  prompt(name: string, args?: Readonly<Record<string, string>>): Promise<string>;
  /** Text of the first content; rejects with the error of the client. */
  call(
    tool: string,
    args?: Readonly<Record<string, unknown>>,
    onProgress?: (progress: number) => void,
  ): Promise<string>;
  read(uri: string): Promise<string>;
  /** Sends DELETE. */
  endSession(): Promise<void>;
}

export const SAMPLED = 'a sampled answer';
const CAPABILITIES = { sampling: {}, elicitation: {} };
const INFO = { name: 'e2e', version: '1' };
const ANSWER = { role: 'assistant', model: 'none', content: { type: 'text', text: SAMPLED } } as const;
const ACCEPTED = { action: 'accept', content: { name: 'Alice' } } as const;

/** A client of `@modelcontextprotocol/sdk` 1.x that answers sampling and elicitation. */
export async function connectSdkV1({ url, token }: Endpoint): Promise<McpClient> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: withToken(token) });
  const client = new Client(INFO, { capabilities: CAPABILITIES });
  client.setRequestHandler(CreateMessageRequestSchema, () => ANSWER);
  client.setRequestHandler(ElicitRequestSchema, () => ACCEPTED);
  await client.connect(transport);
  return toMcpClient(client, transport, (call, options) => client.callTool(call, undefined, options));
}

/** A client of `@modelcontextprotocol/client` 2.x that answers sampling and elicitation. */
export async function connectSdkV2({ url, token }: Endpoint): Promise<McpClient> {
  const transport = new v2.StreamableHTTPClientTransport(new URL(url), { requestInit: withToken(token) });
  const client = new v2.Client(INFO, { capabilities: CAPABILITIES });
  client.setRequestHandler('sampling/createMessage', () => ANSWER);
  client.setRequestHandler('elicitation/create', () => ACCEPTED);
  await client.connect(transport);
  return toMcpClient(client, transport, (call, options) => client.callTool(call, options));
}

interface Named {
  readonly name: string;
}

/** What the clients of both generations have alike. */
interface SdkClient {
  listTools(): Promise<{ readonly tools: readonly Named[] }>;
  listPrompts(): Promise<{ readonly prompts: readonly Named[] }>;
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>;
  getPrompt(params: { name: string; arguments: Record<string, string> }): Promise<object>;
  readResource(params: { uri: string }): Promise<object>;
  close(): Promise<void>;
}

interface SdkTransport {
  readonly sessionId?: string | undefined;
  terminateSession(): Promise<void>;
}

type CallTool = (
  call: { name: string; arguments: Record<string, unknown> },
  options: { onprogress?: (progress: { progress: number }) => void },
) => Promise<object>;

function toMcpClient(client: SdkClient, transport: SdkTransport, callTool: CallTool): McpClient {
  return {
    sessionId: transport.sessionId,
    tools: async () => namesOf((await client.listTools()).tools),
    prompts: async () => namesOf((await client.listPrompts()).prompts),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    prompt: async (name, args = {}) => JSON.stringify(await client.getPrompt({ name, arguments: args })),
    call: async (name, args = {}, onProgress) => {
      const options = onProgress && { onprogress: ({ progress }: { progress: number }) => onProgress(progress) };
      return textOf(await callTool({ name, arguments: args }, options ?? {}));
    },
    read: async (uri) => JSON.stringify(await client.readResource({ uri })),
    endSession: () => transport.terminateSession(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const INSPECTOR = fileURLToPath(import.meta.resolve('@modelcontextprotocol/inspector/package.json')).replace(
  /package\.json$/,
  'clients/launcher/build/index.js',
);

/** Runs one method through the command line of the MCP Inspector. */
export async function inspect({ url, token }: Endpoint, args: readonly string[]): Promise<Program> {
  const header = ['--header', `Authorization: Bearer ${token}`];
  const program = await startNode([INSPECTOR, '--cli', url, '--transport', 'http', ...header, ...args], { cwd: ROOT });
  await program.exited;
  return program;
}

function withToken(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

function namesOf(items: readonly Named[]): readonly string[] {
  return items.map(({ name }) => name);
}

function textOf(result: object): string {
  const content: unknown = 'content' in result ? result.content : undefined;
  const [first]: readonly unknown[] = Array.isArray(content) ? content : [];
  return typeof first === 'object' && first !== null && 'text' in first ? String(first.text) : '';
}
