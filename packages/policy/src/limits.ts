import { type PolicyDocument, type PolicyDocumentLimits } from '@mcp-runtime/api';
import { type Policy } from './compile.ts';
import { type Permit } from './decision.ts';
import { type PolicyRequest } from './request.ts';

/** How much one caller may do. What is undefined is not limited. */
export interface Limits {
  readonly windowMs: number;
  readonly calls: number | undefined;
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
  readonly concurrency: number | undefined;
}

export interface PolicyLimits {
  readonly server: Limits | undefined;
  readonly tools: ReadonlyMap<string, Limits>;
  /** By `namespace/name`. */
  readonly grants: ReadonlyMap<string, Limits>;
}

/** Undefined where the document limits nothing. */
export function limitsOf({ limits, tools = [], grants = [] }: PolicyDocument): PolicyLimits | undefined {
  const ofTools = tools.flatMap((tool) => (tool.limits ? [[tool.name, toLimits(tool.limits)] as const] : []));
  const ofGrants = grants.flatMap((grant) =>
    grant.limits ? [[`${grant.namespace ?? ''}/${grant.name}`, toLimits(grant.limits)] as const] : [],
  );
  if (limits === undefined && ofTools.length + ofGrants.length === 0) return undefined;
  return { server: limits && toLimits(limits), tools: new Map(ofTools), grants: new Map(ofGrants) };
}

const DEFAULT_WINDOW_SECONDS = 60;

function toLimits(limits: PolicyDocumentLimits): Limits {
  return {
    windowMs: (limits.window_seconds ?? DEFAULT_WINDOW_SECONDS) * 1000,
    calls: limits.calls,
    requestBytes: limits.request_bytes,
    responseBytes: limits.response_bytes,
    concurrency: limits.concurrency,
  };
}

/** The limits that count for a request, by what they are of: `server`, `tool NAME`, `grant NAMESPACE/NAME`. */
export function limitsFor(
  { limits }: Policy,
  target: PolicyRequest['target'],
  permit: Permit,
): readonly (readonly [of: string, limits: Limits])[] {
  if (limits === undefined) return [];
  const { matchedGrant = permit.shadow?.matchedGrant } = permit;
  const tool = target?.kind === 'tool' ? target.name : undefined;
  const grant = matchedGrant && `${matchedGrant.namespace}/${matchedGrant.name}`;
  const found: (readonly [string, Limits | undefined])[] = [
    ['server', limits.server],
    [`tool ${tool ?? ''}`, tool === undefined ? undefined : limits.tools.get(tool)],
    [`grant ${grant ?? ''}`, grant === undefined ? undefined : limits.grants.get(grant)],
  ];
  return found.flatMap(([of, one]) => (one === undefined ? [] : [[of, one] as const]));
}
