import { SHELLS } from '../frame/completion.ts';
import { defineCommand } from '../frame/command.ts';

export const RUNTIME_COMMANDS = [
  defineCommand({
    path: 'completion',
    summary: 'print the completion script of a shell',
    args: [{ name: 'SHELL', summary: SHELLS.join(', '), required: 'yes' }],
    flags: {},
    examples: ['source <(mcp-runtime completion bash)'],
    prints: 'plain',
    load: () => import('../actions/completion.ts'),
  }),
  defineCommand({
    path: 'version',
    summary: 'show the version',
    flags: {},
    examples: ['mcp-runtime version --output json'],
    prints: 'data',
    load: () => import('../actions/version.ts'),
  }),
];
