import { defineCommand } from '../frame/command.ts';
import { AUDIT_FILTERS, AUDIT_WINDOW, TARGET } from './flags.ts';

export const AUDIT_COMMANDS = [
  defineCommand({
    path: 'audit list',
    summary: 'list recorded calls and refusals, newest first',
    flags: {
      ...AUDIT_WINDOW,
      ...AUDIT_FILTERS,
      limit: { type: 'number', summary: 'how many at most', default: 100 },
      ...TARGET,
    },
    examples: [
      'mcp-runtime audit list --since 1h --decision deny',
      'mcp-runtime audit list --server files --output json',
    ],
    prints: 'data',
    load: () => import('../actions/audit/list.ts'),
  }),
  defineCommand({
    path: 'audit tail',
    summary: 'print calls as they are recorded',
    flags: {
      ...AUDIT_FILTERS,
      ...TARGET,
      output: {
        type: 'text',
        short: 'o',
        summary: 'a line for people, or JSON lines',
        values: ['table', 'json'],
        default: 'table',
      },
    },
    examples: ['mcp-runtime audit tail --decision deny'],
    prints: 'plain',
    load: () => import('../actions/audit/tail.ts'),
  }),
  defineCommand({
    path: 'audit export',
    summary: 'write recorded events as JSON lines, oldest first',
    flags: {
      ...AUDIT_WINDOW,
      ...AUDIT_FILTERS,
      limit: { type: 'number', summary: 'how many at most; all when absent' },
      file: { type: 'text', short: 'f', summary: 'file to write; standard output when absent', placeholder: 'FILE' },
      ...TARGET,
    },
    examples: ['mcp-runtime audit export --since 24h -f audit.jsonl'],
    prints: 'plain',
    load: () => import('../actions/audit/export.ts'),
  }),
  defineCommand({
    path: 'audit verify',
    summary: 'prove that no record was edited, dropped or reordered',
    description: 'Names the first bad record and ends with status 65 when there is one.',
    flags: {
      spool: {
        type: 'text',
        summary: 'folder of audit records of a gateway, read as it is, without a platform API',
        placeholder: 'DIR',
      },
      ...TARGET,
    },
    examples: ['mcp-runtime audit verify', 'mcp-runtime audit verify --spool /var/lib/mcp-runtime/audit'],
    prints: 'data',
    load: () => import('../actions/audit/verify.ts'),
  }),
];
