import { randomUUID } from 'node:crypto';
import { type CallToolResult, type InputRequest, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** What a task may do while it runs. */
export interface TaskRun {
  readonly signal: AbortSignal;
  /** Asks the client, several things at once; resolves when every one of them is answered. */
  ask(requests: Readonly<Record<string, InputRequest>>): Promise<Readonly<Record<string, unknown>>>;
}

type Status = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
type Outcome =
  | { readonly result: CallToolResult }
  | { readonly error: { readonly code: number; readonly message: string } };

interface Question {
  readonly requests: Map<string, InputRequest>;
  readonly answers: Record<string, unknown>;
  readonly answered: PromiseWithResolvers<Readonly<Record<string, unknown>>>;
}

interface Task {
  readonly createdAt: string;
  readonly stop: AbortController;
  lastUpdatedAt: string;
  status: Status;
  question: Question | undefined;
  outcome: Outcome | undefined;
}

/** The tasks of a server (MCP extension: tasks, SEP-2663), kept for as long as it runs. */
export interface Tasks {
  start(run: (task: TaskRun) => Promise<CallToolResult>): Readonly<Record<string, unknown>>;
  get(id: string): Readonly<Record<string, unknown>>;
  update(id: string, responses: Readonly<Record<string, unknown>>): void;
  cancel(id: string): void;
}

const TTL_MS = 600_000;
const POLL_MS = 50;

export function createTasks(): Tasks {
  const tasks = new Map<string, Task>();
  const find = (id: string): Task => {
    const task = tasks.get(id);
    if (task === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'task not found');
    return task;
  };
  return {
    start: (run) => {
      const id = randomUUID();
      const now = new Date().toISOString();
      const stop = new AbortController();
      const task: Task = {
        createdAt: now,
        lastUpdatedAt: now,
        stop,
        status: 'working',
        question: undefined,
        outcome: undefined,
      };
      tasks.set(id, task);
      run({ signal: stop.signal, ask: (requests) => ask(task, requests) }).then(
        (result) => end(task, 'completed', { result }),
        (error: unknown) => end(task, 'failed', { error: { code: -32603, message: String(error) } }),
      );
      return { resultType: 'task', ...shown(id, task) };
    },
    get: (id) => {
      const task = find(id);
      const asked = task.question === undefined ? {} : { inputRequests: Object.fromEntries(task.question.requests) };
      return { ...shown(id, task), ...asked, ...task.outcome };
    },
    update: (id, responses) => answer(find(id), responses),
    cancel: (id) => {
      const task = find(id);
      end(task, 'cancelled', undefined);
      task.stop.abort();
    },
  };
}

function shown(taskId: string, { status, createdAt, lastUpdatedAt }: Task): Readonly<Record<string, unknown>> {
  return { taskId, status, createdAt, lastUpdatedAt, ttlMs: TTL_MS, pollIntervalMs: POLL_MS };
}

function ask(task: Task, requests: Readonly<Record<string, InputRequest>>): Promise<Readonly<Record<string, unknown>>> {
  const answered = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  task.question = { requests: new Map(Object.entries(requests)), answers: {}, answered };
  become(task, 'input_required');
  return answered.promise;
}

function answer(task: Task, responses: Readonly<Record<string, unknown>>): void {
  const { question } = task;
  if (question === undefined) return;
  for (const [key, response] of Object.entries(responses)) {
    if (question.requests.delete(key)) question.answers[key] = response;
  }
  if (question.requests.size > 0) return;
  task.question = undefined;
  become(task, 'working');
  question.answered.resolve(question.answers);
}

function end(task: Task, status: Status, outcome: Outcome | undefined): void {
  if (task.status !== 'working' && task.status !== 'input_required') return;
  task.question = undefined;
  task.outcome = outcome;
  become(task, status);
}

function become(task: Task, status: Status): void {
  task.status = status;
  task.lastUpdatedAt = new Date().toISOString();
}
