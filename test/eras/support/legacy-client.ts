import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { SIGN_IN_URL } from './modern-server.ts';

/** The published client of the SDK 1.x, which speaks the revisions before 2026-07-28, and answers what it is asked. */
export interface Connected extends AsyncDisposable {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
  readonly faults: readonly Error[];
  readonly text: (name: string, args?: Record<string, unknown>) => Promise<string>;
}

const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} };

export async function connectLegacy(url: string, capabilities: object = CAPABILITIES): Promise<Connected> {
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const client = new Client({ name: 'eras', version: '1' }, { capabilities });
  const faults: Error[] = [];
  if ('sampling' in capabilities) answerQuestions(client);
  // oxlint-disable-next-line prefer-add-event-listener -- the client of the SDK is no event target
  client.onerror = (error) => void faults.push(error);
  await client.connect(transport);
  return {
    client,
    transport,
    faults,
    text: async (name, args = {}) => {
      const { content } = CallToolResultSchema.parse(await client.callTool({ name, arguments: args }));
      return content.map((block) => (block.type === 'text' ? block.text : block.type)).join('\n');
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function answerQuestions(client: Client): void {
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    model: 'none',
    content: { type: 'text', text: 'sampled' },
  }));
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    if (params.mode === 'url') return { action: params.url === SIGN_IN_URL ? 'accept' : 'decline' };
    return { action: 'accept', content: { name: 'Alice', color: 'red', ok: true, context: 'c' } };
  });
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home' }] }));
}
