import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export const MODERN = '2026-07-28';

/** The published client, which speaks MCP 2026-07-28 and nothing else, and answers what it is asked. */
export interface ModernClient extends AsyncDisposable {
  readonly client: Client;
  /** What it was asked, by method. */
  readonly asked: readonly string[];
}

export const CAPABILITIES = {
  sampling: {},
  elicitation: { form: {}, url: {} },
  roots: {},
} as const satisfies ClientCapabilities;

export const ROOT = { uri: 'file:///home/alice', name: 'home' } as const;
const SAMPLED = { role: 'assistant', model: 'none', content: { type: 'text', text: 'a sampled answer' } } as const;

export async function connectModern(
  url: string,
  {
    capabilities = CAPABILITIES,
    accepts = true,
  }: { readonly capabilities?: ClientCapabilities; readonly accepts?: boolean } = {},
): Promise<ModernClient> {
  const asked: string[] = [];
  const client = new Client(
    { name: 'eras', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: MODERN } } },
  );
  if (capabilities.sampling !== undefined) {
    client.setRequestHandler('sampling/createMessage', () => {
      asked.push('sampling/createMessage');
      return SAMPLED;
    });
  }
  if (capabilities.elicitation !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(`elicitation/create ${params.mode ?? 'form'}`);
      if (!accepts) return { action: 'decline' };
      return params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { name: 'Alice' } };
    });
  }
  if (capabilities.roots !== undefined) {
    client.setRequestHandler('roots/list', () => {
      asked.push('roots/list');
      return { roots: [ROOT] };
    });
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return { client, asked, [Symbol.asyncDispose]: () => client.close() };
}
