import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallToolResult,
  type McpServer,
  MissingRequiredClientCapabilityError,
  type ServerContext,
  acceptedContent,
  inputRequired,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { declaredCapabilities } from './capabilities.ts';
import { text } from './content-tools.ts';
import { TASKS_EXTENSION } from './task-gate.ts';
import { type TaskRun, type Tasks } from './tasks.ts';

const REQUIRED = { extensions: { [TASKS_EXTENSION]: {} } };

const JOB_MS = 200;
const Confirmed = z.object({ confirm: z.boolean() });
const Named = z.object({ name: z.string() });

/** Tools whose calls become tasks for those who take tasks, and the methods of the extension. */
export function registerTaskTools(mcp: McpServer, tasks: Tasks): void {
  mcp.registerTool('greet', { description: 'Greets at once', inputSchema: Named }, ({ name }) =>
    says(`Hello, ${name}!`),
  );
  mcp.registerTool(
    'slow_compute',
    { description: 'Takes its time', inputSchema: z.object({ seconds: z.number(), label: z.string().optional() }) },
    ({ seconds, label = '' }, ctx) => {
      const run = async ({ signal }: Pick<TaskRun, 'signal'>): Promise<CallToolResult> => {
        await delay(seconds * 1000, undefined, { signal });
        return says(`computed ${label}`);
      };
      return takesTasks(ctx) ? created(tasks, run) : run({ signal: ctx.mcpReq.signal });
    },
  );
  mcp.registerTool('failing_job', { description: 'Fails, as a task only' }, () =>
    created(tasks, async () => {
      await delay(JOB_MS);
      return { ...says('the job failed'), isError: true };
    }),
  );
  mcp.registerTool('protocol_error_job', { description: 'Breaks, as a task only' }, () =>
    created(tasks, async () => {
      await delay(JOB_MS);
      throw new Error('the job broke');
    }),
  );
  registerAskingJobs(mcp, tasks);
  registerTaskMethods(mcp, tasks);
}

function registerAskingJobs(mcp: McpServer, tasks: Tasks): void {
  mcp.registerTool(
    'confirm_delete',
    { description: 'Asks before it deletes, as a task only', inputSchema: z.object({ filename: z.string() }) },
    ({ filename }) =>
      created(tasks, async (task) => {
        await task.ask({
          confirm: inputRequired.elicit({ message: `Delete ${filename}?`, requestedSchema: Confirmed }),
        });
        return says(`deleted ${filename}`);
      }),
  );
  mcp.registerTool('multi_input', { description: 'Asks two things at once, as a task only' }, () =>
    created(tasks, async (task) => {
      const first = inputRequired.elicit({ message: 'First?', requestedSchema: Named });
      const second = inputRequired.elicit({ message: 'Second?', requestedSchema: Named });
      return says(JSON.stringify(await task.ask({ first, second })));
    }),
  );
  mcp.registerTool('test_tool_with_task', { description: 'Asks, and then runs as a task' }, (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', Named);
    if (given !== undefined) return created(tasks, async () => says(`Hello, ${given.name}!`));
    const message = 'What is your name?';
    return inputRequired({ inputRequests: { user_name: inputRequired.elicit({ message, requestedSchema: Named }) } });
  });
}

const OneTask = z.looseObject({ taskId: z.string() });

function registerTaskMethods(mcp: McpServer, tasks: Tasks): void {
  mcp.server.setRequestHandler('tasks/get', { params: OneTask }, ({ taskId }, ctx) => {
    demandTasks(ctx);
    return { ...tasks.get(taskId) };
  });
  mcp.server.setRequestHandler('tasks/update', { params: OneTask }, ({ taskId }, ctx) => {
    demandTasks(ctx);
    // The SDK takes them out of the parameters of every request.
    tasks.update(taskId, ctx.mcpReq.inputResponses ?? {});
    return {};
  });
  mcp.server.setRequestHandler('tasks/cancel', { params: OneTask }, ({ taskId }, ctx) => {
    demandTasks(ctx);
    tasks.cancel(taskId);
    return {};
  });
}

function takesTasks(ctx: ServerContext): boolean {
  return declaredCapabilities(ctx).extensions?.[TASKS_EXTENSION] !== undefined;
}

function demandTasks(ctx: ServerContext): void {
  if (!takesTasks(ctx)) throw new MissingRequiredClientCapabilityError({ requiredCapabilities: REQUIRED });
}

/** What the SDK has no type for: a result that is a task. */
function created(tasks: Tasks, run: (task: TaskRun) => Promise<CallToolResult>): CallToolResult {
  return { content: [], ...tasks.start(run) };
}

function says(what: string): CallToolResult {
  return { content: [text(what)] };
}
