import { type MCPServerSpec } from '@mcp-runtime/api';
import { amountOf } from '../../quantity.ts';
import { refuse } from './refusal.ts';

type Declared = MCPServerSpec['resources'];
type Kind = 'cpu' | 'memory';

interface Defaults {
  readonly requests: Readonly<Record<Kind, string>>;
  readonly limits: Readonly<Record<Kind, string>>;
}

export const SERVER_RESOURCES: Defaults = {
  requests: { cpu: '50m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '256Mi' },
};

/** A package manager and two Node processes want more than a server alone. */
export const RUNNER_RESOURCES: Defaults = {
  requests: { cpu: '50m', memory: '128Mi' },
  limits: { cpu: '1', memory: '512Mi' },
};

/** What is declared, and defaults that never contradict it. */
export function resourcesOf(declared: Declared, defaults: Defaults, field: string): Defaults {
  const cpu = pairOf('cpu', declared, defaults, field);
  const memory = pairOf('memory', declared, defaults, field);
  return {
    requests: { cpu: cpu.request, memory: memory.request },
    limits: { cpu: cpu.limit, memory: memory.limit },
  };
}

function pairOf(kind: Kind, declared: Declared, defaults: Defaults, field: string): { request: string; limit: string } {
  const request = declared?.requests?.[kind];
  const limit = declared?.limits?.[kind];
  const requested = amountAt(request ?? defaults.requests[kind], `${field}.requests.${kind}`);
  const limited = amountAt(limit ?? defaults.limits[kind], `${field}.limits.${kind}`);
  if (requested <= limited)
    return { request: request ?? defaults.requests[kind], limit: limit ?? defaults.limits[kind] };
  if (request === undefined && limit !== undefined) return { request: limit, limit };
  if (limit === undefined && request !== undefined) return { request, limit: request };
  return refuse(
    'invalid_resource',
    `${field}.requests.${kind}: \`${request}\` is more than the limit \`${limit}\``,
    `lower it, or raise \`${field}.limits.${kind}\``,
  );
}

function amountAt(quantity: string, field: string): number {
  return (
    amountOf(quantity) ??
    refuse('invalid_resource', `${field}: \`${quantity}\` is not a quantity`, 'write it like `250m` or `64Mi`')
  );
}
