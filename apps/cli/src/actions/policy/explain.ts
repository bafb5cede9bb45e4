import { decisionText, explain } from '@mcp-runtime/policy';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { readDocument, readRequest } from './input.ts';

interface Flags {
  readonly document: string | undefined;
  readonly request: string | undefined;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<Printed> {
  const policy = await readDocument(flags.document, io);
  const { decision, steps } = explain(policy, readRequest(flags.request, Date.now()));
  return {
    data: { decision: decisionText(decision), steps },
    table: {
      columns: ['condition', 'saw', 'result'],
      rows: steps.map(({ condition, saw, result }) => [condition, saw, result]),
      note: `${decision.allowed ? 'allowed' : 'denied'}: ${decision.reason}: ${decision.message}`,
    },
  };
}
