import { type MCPServer, declaredSource } from '@mcp-runtime/api';
import { placementOf } from '../plan/placement.ts';
import { type OperatorSettings } from '../settings.ts';
import { type Hindrance } from './decide.ts';

/** Pure: why a server never sleeps, by what it asks for. */
export function lastingHindrance(
  server: MCPServer,
  settings: Pick<OperatorSettings, 'gateway'>,
): Exclude<Hindrance, 'Autoscaled'> | undefined {
  const { spec } = server;
  if (declaredSource(spec).url !== undefined) return 'Remote';
  if (spec.replicas === 0) return 'Stopped';
  // Its gateway would sleep with it, and nobody would hear who calls.
  if (placementOf(server, settings) === 'sidecar') return 'Sidecar';
  // A version on trial is judged by its calls.
  if (spec.rollout?.strategy === 'Canary') return 'Canary';
  return undefined;
}
