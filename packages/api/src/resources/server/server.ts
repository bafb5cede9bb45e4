import { type z } from 'zod';
import { resourceSchema } from '../meta.ts';
import { checkRules } from '../rules.ts';
import { ServerFields } from './fields.ts';
import { SERVER_RULES } from './rules.ts';
import { MCPServerStatus } from './status.ts';

export const MCPServerSpec = ServerFields.superRefine(checkRules(SERVER_RULES)).meta({
  description: 'What to run, how to reach it, and who may do what on it.',
});

export const MCPServer = resourceSchema('MCPServer', MCPServerSpec, MCPServerStatus);

export type MCPServer = z.infer<typeof MCPServer>;
export type MCPServerSpec = z.infer<typeof MCPServerSpec>;
