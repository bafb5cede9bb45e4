import { type MCPServer, type Source } from '@mcp-runtime/api';
import { type Container } from './container.ts';
import { imageWorkload } from './image-workload.ts';
import { type Fields } from './object.ts';
import { runnerWorkload } from './runner-workload.ts';
import { type PlanSettings } from './settings.ts';
import { stdioImageWorkload } from './stdio-image-workload.ts';

/** What a pod runs for a server. */
export interface Workload {
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly volumes: readonly Fields[];
  /** Service account of the pod; the one that may do nothing when absent. */
  readonly account?: string;
}

/** How a source is run: as the image that it is, or by a runner that installs it. Undefined for a source that runs elsewhere. */
export function workloadOf(server: MCPServer, source: Source, settings: PlanSettings): Workload | undefined {
  if (source.url !== undefined) return undefined;
  if (source.image === undefined) return runnerWorkload(server, source, settings);
  const plan = server.spec.transport === 'stdio' ? stdioImageWorkload : imageWorkload;
  return plan(server, source.image, settings);
}
