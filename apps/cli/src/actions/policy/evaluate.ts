import { AppError, PolicyDocument } from '@mcp-runtime/api';
import { compilePolicy, decisionText, evaluate, parsePolicy, revisionOf } from '@mcp-runtime/policy';
import { z } from 'zod';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { parseJson, readDocument, readInput, readRequest, toRequest } from './input.ts';

const EvaluateCase = z.object({ id: z.string(), policy: PolicyDocument, request: z.unknown() });
const LoadCase = z.object({ id: z.string(), policy_text: z.string() });

interface Flags {
  readonly document: string | undefined;
  readonly request: string | undefined;
  readonly cases: string | undefined;
  readonly output: string;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<Printed> {
  if (flags.cases !== undefined) return printCases(await readInput(flags.cases, io), flags.cases);
  const policy = await readDocument(flags.document, io);
  const decision = decisionText(evaluate(policy, readRequest(flags.request, Date.now())));
  return {
    data: decision,
    table: {
      columns: ['field', 'value'],
      rows: Object.entries(decision).map(([field, value]) => [field, String(value)]),
    },
  };
}

function printCases(text: string, file: string): Printed {
  const lines = text.split('\n').map((line, index) => ({ line: line.trim(), place: `${file}:${index + 1}` }));
  const data = lines
    .filter(({ line }) => line !== '')
    .map(({ line, place }) => decideCase(parseJson(line, place), place));
  const rows = data.map((outcome) => [
    String(outcome['id']),
    String(outcome['allowed'] ?? outcome['accepted']),
    String(outcome['reason'] ?? outcome['revision']),
  ]);
  return { data, table: { columns: ['id', 'allowed', 'reason'], rows } };
}

function decideCase(value: unknown, place: string): Readonly<Record<string, unknown>> {
  const load = LoadCase.safeParse(value);
  if (load.success) return loadText(load.data);
  const given = EvaluateCase.safeParse(value);
  if (!given.success)
    throw new AppError(
      'usage',
      `${place} is not a case: ${given.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
      {
        next: 'write `{"id", "policy", "request"}` or `{"id", "policy_text"}` on each line',
      },
    );
  const { id, policy, request } = given.data;
  return { id, ...decisionText(evaluate(compilePolicy(policy), toRequest(request, Date.now()))) };
}

function loadText({ id, policy_text }: z.infer<typeof LoadCase>): Readonly<Record<string, unknown>> {
  const parsed = parsePolicy(policy_text);
  if (!parsed.ok) return { id, accepted: false, error: parsed.message, revision: '' };
  const { document } = parsed;
  return { id, accepted: true, error: '', revision: revisionOf(document), effective: effectiveOf(document) };
}

/** What a gateway makes of a document, its defaults filled in. */
function effectiveOf(document: PolicyDocument): Readonly<Record<string, unknown>> {
  const { server, auth, policy, grants = [], sessions = [], tools = [] } = document;
  return {
    server_name: server.name,
    server_namespace: server.namespace,
    auth_mode: auth?.mode ?? 'header',
    policy_mode: policy?.mode ?? 'allow-list',
    default_decision: policy?.default_decision ?? 'deny',
    policy_version: policy?.policy_version ?? 'v1',
    grants: grants.length,
    sessions: sessions.length,
    tools: tools.length,
  };
}
