import {
  type InputRequest,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
  acceptedContent,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { declaredCapabilities } from './capabilities.ts';
import { text } from './content-tools.ts';
import { DEFAULTS_FORM, ENUMS_FORM } from './forms.ts';
import { STATE_CODEC } from './state.ts';

/** What a tool still has to know, or what it answers. In the eras before 2026-07-28 the SDK asks in requests of its own. */
type Round = InputRequiredResult | string;
type Asking = (ctx: ServerContext) => Round | Promise<Round>;

const Name = z.object({ name: z.string() });
const Color = z.object({ color: z.string() });
const Ok = z.object({ ok: z.boolean() });
const User = z.object({ username: z.string(), email: z.string() });

const ASKING: Readonly<Record<string, Asking>> = {
  test_elicitation_sep1034_defaults: form(DEFAULTS_FORM),
  test_elicitation_sep1330_enums: form(ENUMS_FORM),
  test_streaming_elicitation: form(Name),
  // The SDK refuses it to a client that did not declare sampling.
  test_missing_capability: (ctx) => sampled(ctx, 'sampled', 'Say something'),
  test_input_required_result_elicitation: (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', Name);
    return given === undefined ? ask({ user_name: elicit('What is your name?', Name) }) : `Hello, ${given.name}!`;
  },
  test_input_required_result_sampling: (ctx) => sampled(ctx, 'capital_question', 'What is the capital of France?'),
  test_input_required_result_list_roots: (ctx) => {
    const given = inputResponse(ctx.mcpReq.inputResponses, 'client_roots');
    if (given.kind !== 'roots') return ask({ client_roots: inputRequired.listRoots() });
    return given.roots.map(({ uri }) => uri).join(', ');
  },
  test_input_required_result_request_state: confirmed,
  test_input_required_result_tampered_state: confirmed,
  test_input_required_result_multiple_inputs: async (ctx) => {
    const responses = ctx.mcpReq.inputResponses;
    const given = acceptedContent(responses, 'user_name', Name);
    const isWhole = ['greeting', 'client_roots'].every((key) => inputResponse(responses, key).kind !== 'missing');
    if (given !== undefined && isWhole) return `Hello, ${given.name}!`;
    const requests = {
      user_name: elicit('What is your name?', Name),
      greeting: sample('Generate a greeting'),
      client_roots: inputRequired.listRoots(),
    };
    return ask(requests, await STATE_CODEC.mint({ round: 1 }));
  },
  test_input_required_result_multi_round: async (ctx) => {
    const responses = ctx.mcpReq.inputResponses;
    const { round } = ctx.mcpReq.requestState<{ readonly round: number }>() ?? { round: 0 };
    const color = acceptedContent(responses, 'step2', Color);
    if (round === 2 && color !== undefined) return `It is ${color.color}.`;
    if (round === 1 && acceptedContent(responses, 'step1', Name) !== undefined) {
      const step2 = elicit('Step 2: What is your favorite color?', Color);
      return ask({ step2 }, await STATE_CODEC.mint({ round: 2 }));
    }
    const step1 = elicit('Step 1: What is your name?', Name);
    return ask({ step1 }, await STATE_CODEC.mint({ round: 1 }));
  },
  test_input_required_result_capabilities: (ctx) => {
    const { sampling, elicitation } = declaredCapabilities(ctx);
    const { inputResponses = {} } = ctx.mcpReq;
    if (Object.keys(inputResponses).length > 0) return 'asked for what the client can do';
    return ask({
      ...(sampling === undefined ? {} : { sampled: sample('Say something') }),
      ...(elicitation === undefined ? {} : { elicited: elicit('What is your name?', Name) }),
    });
  },
};

export function registerAskingTools(mcp: McpServer): void {
  for (const [name, asking] of Object.entries(ASKING)) {
    mcp.registerTool(name, { description: 'Asks the client before it answers' }, async (ctx) =>
      toResult(await asking(ctx)),
    );
  }
  mcp.registerTool(
    'test_sampling',
    { description: 'Asks the model of the client', inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, ctx) => toResult(sampled(ctx, 'sampled', prompt)),
  );
  mcp.registerTool(
    'test_elicitation',
    { description: 'Asks the user', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) => toResult(await form(User, message)(ctx)),
  );
}

function toResult(round: Round): InputRequiredResult | { content: ReturnType<typeof text>[] } {
  return typeof round === 'string' ? { content: [text(round)] } : round;
}

type Form = Parameters<typeof inputRequired.elicit>[0]['requestedSchema'];

/** Shows a form once and says what became of it. */
function form(requestedSchema: Form, message = 'Please fill in the form'): Asking {
  return (ctx) => {
    const given = inputResponse(ctx.mcpReq.inputResponses, 'form');
    if (given.kind !== 'elicit') return ask({ form: elicit(message, requestedSchema) });
    return `User response: action=${given.action}, content=${JSON.stringify(given.content ?? {})}`;
  };
}

async function confirmed(ctx: ServerContext): Promise<Round> {
  const given = acceptedContent(ctx.mcpReq.inputResponses, 'confirm', Ok);
  if (given !== undefined && ctx.mcpReq.requestState() !== undefined) return 'state-ok';
  return ask({ confirm: elicit('Please confirm', Ok) }, await STATE_CODEC.mint({ round: 1 }));
}

function sampled(ctx: ServerContext, key: string, prompt: string): Round {
  const given = inputResponse(ctx.mcpReq.inputResponses, key);
  if (given.kind !== 'sampling') return ask({ [key]: sample(prompt) });
  return `LLM response: ${JSON.stringify(given.result.content)}`;
}

function ask(inputRequests: Record<string, InputRequest>, requestState?: string): InputRequiredResult {
  return inputRequired({ inputRequests, ...(requestState === undefined ? {} : { requestState }) });
}

function elicit(message: string, requestedSchema: Form): InputRequest {
  return inputRequired.elicit({ message, requestedSchema });
}

function sample(prompt: string): InputRequest {
  const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
  return inputRequired.createMessage({ messages, maxTokens: 100 });
}
