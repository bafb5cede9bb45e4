import { defineCommand } from '../frame/command.ts';
import { FILE } from './flags.ts';

const CASE = {
  document: { type: 'text', summary: 'policy document', placeholder: 'FILE' },
  request: {
    type: 'text',
    summary: 'request: method, tool, human_id, agent_id, team_id, session_id, now',
    placeholder: 'JSON',
  },
} as const;

export const POLICY_COMMANDS = [
  defineCommand({
    path: 'policy render',
    summary: 'print the policy document that the control loop makes from resource files',
    flags: {
      file: FILE,
      server: { type: 'text', summary: 'the server', placeholder: 'NAMESPACE/NAME' },
      cluster: { type: 'text', summary: 'name of the cluster in the document', placeholder: 'NAME' },
      'generated-at': {
        type: 'text',
        summary: 'instant to put in the document; none when absent',
        placeholder: 'TIME',
      },
    },
    examples: ['mcp-runtime policy render -f examples/local --server mcp-servers/files --output json'],
    prints: 'data',
    load: () => import('../actions/policy/render.ts'),
  }),
  defineCommand({
    path: 'policy evaluate',
    summary: 'decide requests by a policy document, offline',
    flags: {
      ...CASE,
      cases: { type: 'text', summary: 'cases, one JSON object a line; - for standard input', placeholder: 'FILE' },
      output: {
        type: 'text',
        short: 'o',
        summary: 'form of the result',
        values: ['table', 'json', 'yaml', 'jsonl'],
        default: 'table',
      },
    },
    examples: [
      `mcp-runtime policy evaluate --document policy.json --request '{"method":"tools/call","tool":"read_file","human_id":"alice"}'`,
      'mcp-runtime policy evaluate --cases cases.jsonl --output jsonl',
    ],
    prints: 'data',
    load: () => import('../actions/policy/evaluate.ts'),
  }),
  defineCommand({
    path: 'policy explain',
    summary: 'print each condition of a decision in order, with what it saw',
    flags: CASE,
    examples: [
      `mcp-runtime policy explain --document policy.json --request '{"method":"tools/call","tool":"write_file","human_id":"alice"}'`,
    ],
    prints: 'data',
    load: () => import('../actions/policy/explain.ts'),
  }),
];
