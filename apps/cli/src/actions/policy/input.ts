import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { AppError, EvaluateRequest, type ListedKind, type Target } from '@mcp-runtime/api';
import { type Policy, type PolicyRequest, compilePolicy, parseInstant, parsePolicy } from '@mcp-runtime/policy';
import { schemaFaults } from '@mcp-runtime/control-plane';
import { type z } from 'zod';
import { type CommandIo } from '../../frame/command.ts';

/** @throws AppError `not_found` when the file cannot be read. */
export async function readInput(path: string, io: CommandIo): Promise<string> {
  if (path === '-') return text(io.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AppError('not_found', `\`${path}\` cannot be read`, { cause, next: 'check the path' });
  }
}

/** @throws AppError `invalid_resource` when the document is refused. */
export async function readDocument(path: string | undefined, io: CommandIo): Promise<Policy> {
  if (path === undefined) throw new AppError('usage', '`--document` is needed', { next: 'add `--document FILE`' });
  const parsed = parsePolicy(await readInput(path, io));
  if (!parsed.ok) throw new AppError('invalid_resource', `${path}: ${parsed.message}`);
  return compilePolicy(parsed.document);
}

/** @throws AppError `usage` when the text is not a request. */
export function readRequest(json: string | undefined, now: number): PolicyRequest {
  if (json === undefined) throw new AppError('usage', '`--request` is needed', { next: 'add `--request JSON`' });
  const value = parseJson(json, '--request');
  // Typed by hand: a misspelt field would be left out of the decision without a word.
  return toRequest(value, now, EvaluateRequest.strict());
}

export function parseJson(json: string, place: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new AppError('usage', `${place} is not JSON`, { cause });
  }
}

/** `request.now` is the clock where it is given. */
export function toRequest(
  value: unknown,
  now: number,
  schema: z.ZodType<EvaluateRequest> = EvaluateRequest,
): PolicyRequest {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new AppError('usage', `the request is not valid: ${schemaFaults(parsed.error, value, schema).join('; ')}`);
  const request = parsed.data;
  const instant = request.now === undefined ? now : parseInstant(request.now);
  if (instant === undefined)
    throw new AppError(
      'usage',
      `\`now\` is \`${request.now}\`, it must be an RFC 3339 instant such as \`2026-01-31T12:00:00Z\``,
    );
  return {
    method: request.method,
    target: targetOf(request),
    identity: { human: request.human_id, agent: request.agent_id, team: request.team_id, session: request.session_id },
    scopes: new Set(request.scope.split(' ').filter((scope) => scope !== '')),
    arguments: request.arguments,
    now: instant,
  };
}

function targetOf({ method, tool, prompt, uri }: EvaluateRequest): Target | undefined {
  if (prompt !== '') return { kind: 'prompt', name: prompt };
  if (uri !== '') return { kind: 'resource', uri };
  if (method.startsWith('tasks/')) return { kind: 'task', id: '', tool };
  if (tool !== '' || method === 'tools/call' || method === 'call_tool') return { kind: 'tool', name: tool };
  const of = LISTS.get(method);
  if (of !== undefined) return { kind: 'list', of };
  return SERVER_METHODS.has(method) ? { kind: 'server' } : undefined;
}

const LISTS: ReadonlyMap<string, ListedKind> = new Map<string, ListedKind>([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'templates'],
]);

const SERVER_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'notifications/initialized',
  'ping',
  'server/discover',
  'logging/setLevel',
]);
