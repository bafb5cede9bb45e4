import { type Bench } from './bench.ts';
import { type LegacyServer, type Said, type Turn, scriptLegacyServer } from './legacy-server.ts';
import { type ModernEnd, askAsModern } from './modern-caller.ts';

/** A call that Alice and Bob may make. */
export const READ = { name: 'read', arguments: { a: 1 } } as const;
/** Capabilities of a client that can be asked everything. */
export const ALL = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} } as const;

/** Asks those things during a call, and ends it with what was answered, as texts, once all are. */
export function askingServer(
  ...questions: readonly { readonly method: string; readonly params?: object }[]
): LegacyServer {
  const server = scriptLegacyServer({
    capabilities: { tools: {}, prompts: {}, resources: {} },
    on: Object.fromEntries(
      ['tools/call', 'prompts/get', 'resources/read'].map((method) => [
        method,
        (_: Said, turn: Turn) => {
          turn.events(...questions.map((one, index) => JSON.stringify({ jsonrpc: '2.0', id: 900 + index, ...one })));
          void answersTo(server, questions.length).then((answers) =>
            turn.endWith(`{"content":[],"answers":${JSON.stringify(answers)}}`),
          );
        },
      ]),
    ),
  });
  return server;
}

/** What the server was answered, once it was so many times. */
export async function answersTo(server: LegacyServer, count: number): Promise<readonly string[]> {
  const answers = (): readonly Said[] => server.said.filter(({ method }) => method === 'response');
  await server.until(() => answers().length === count);
  return answers().map(({ text }) => text);
}

/** The answers to the server's questions, which it hands back as its result. */
export function answered({ message }: ModernEnd): readonly unknown[] {
  const answers = message.result?.['answers'];
  return Array.isArray(answers) ? answers.map((text) => JSON.parse(String(text))) : [];
}

export const FORM = {
  method: 'elicitation/create',
  params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
} as const;
export const URL_QUESTION = {
  method: 'elicitation/create',
  params: { mode: 'url', message: 'Open', url: 'https://example.com/', elicitationId: 'e1' },
} as const;
export const SAMPLING = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } } as const;
export const ROOTS = { method: 'roots/list' } as const;

/** What a client sends with the next round of its request. */
export interface Waiting {
  readonly requestState: string;
  readonly inputResponses: Readonly<Record<string, object>>;
}

/** Makes a call of which the server asks one thing; what comes back declines it. */
export async function waitingCall(bench: Bench): Promise<Waiting> {
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { inputRequests = {}, requestState = '' } = first.message.result ?? {};
  return { requestState, inputResponses: { [Object.keys(inputRequests)[0] ?? '']: { action: 'decline' } } };
}
