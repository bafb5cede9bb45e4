import { CLIENT_CAPABILITIES_META_KEY } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** MCP extension: tasks (SEP-2663). */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** Tools that run as a task or not at all. */
const TASKS_ONLY = ['failing_job', 'protocol_error_job', 'confirm_delete', 'multi_input', 'test_tool_with_task'];

const Id = z.union([z.string(), z.int()]);
const AboutTask = z.object({
  id: Id,
  method: z.enum(['tasks/get', 'tasks/update', 'tasks/cancel']),
  params: z.looseObject({ taskId: z.string() }),
});
const Capabilities = z.looseObject({ extensions: z.record(z.string(), z.unknown()).default({}) });
const Call = z.object({
  id: Id,
  method: z.literal('tools/call'),
  params: z.looseObject({
    name: z.enum(TASKS_ONLY),
    _meta: z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: Capabilities }),
  }),
});

/**
 * What the SDK does not check of the tasks extension: that `Mcp-Name` names the task of the body, and that a client which
 * calls a tool that is a task takes tasks.
 */
export async function refusedByTasks(request: Request): Promise<Response | undefined> {
  if (request.method !== 'POST') return undefined;
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => undefined);
  const task = AboutTask.safeParse(body);
  if (task.success && request.headers.get('mcp-name') !== task.data.params.taskId) {
    return refusal(task.data.id, -32020, '`Mcp-Name` differs from the task in the body');
  }
  const call = Call.safeParse(body);
  if (!call.success || TASKS_EXTENSION in call.data.params._meta[CLIENT_CAPABILITIES_META_KEY].extensions)
    return undefined;
  const requiredCapabilities = { extensions: { [TASKS_EXTENSION]: {} } };
  return refusal(call.data.id, -32021, 'the tool runs as a task only', { requiredCapabilities });
}

function refusal(id: string | number, code: number, message: string, data?: object): Response {
  return Response.json({ jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } }, { status: 400 });
}
