import { type MCPServer } from '@mcp-runtime/api';
import { refuse } from './refusal.ts';
import { type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

export function stdioImageWorkload(_server: MCPServer, image: string, _settings: PlanSettings): Workload {
  return refuse('source_unsupported', `image: \`${image}\` cannot be bridged`, 'use an image that speaks HTTP');
}
