import {
  type ContentBlock,
  type GetPromptResult,
  type McpServer,
  acceptedContent,
  completable,
  inputRequired,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { IMAGE, resource, text } from './content-tools.ts';

const Context = z.object({ context: z.string() });

export function registerPrompts(mcp: McpServer): void {
  mcp.registerPrompt('test_simple_prompt', { description: 'Without arguments' }, () =>
    said(text('This is a simple prompt for testing.')),
  );
  const arg1 = completable(z.string().describe('First test argument'), (start) =>
    ['test1', 'test2', 'hello'].filter((word) => word.startsWith(start)),
  );
  mcp.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'With two arguments',
      argsSchema: z.object({ arg1, arg2: z.string().describe('Second test argument') }),
    },
    (args) => said(text(`Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'`)),
  );
  mcp.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource in it', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      said(
        resource(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  );
  mcp.registerPrompt('test_prompt_with_image', { description: 'With an image in it' }, () =>
    said(IMAGE, text('Please analyze the image above.')),
  );
  mcp.registerPrompt('test_input_required_result_prompt', { description: 'Asks before it answers' }, (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_context', Context);
    if (given !== undefined) return said(text(`Context: ${given.context}`));
    const message = 'What context should the prompt use?';
    return inputRequired({
      inputRequests: { user_context: inputRequired.elicit({ message, requestedSchema: Context }) },
    });
  });
}

function said(...contents: readonly ContentBlock[]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) };
}
