import { isDeepStrictEqual } from 'node:util';
import {
  AppError,
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type ResourceKind,
  keyOf,
  keyText,
} from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS } from '@mcp-runtime/control-plane';
import { type ResourceType } from '@mcp-runtime/kube';
import { grantFaults, grantWarnings } from './grants.ts';
import { serverWarnings } from './servers.ts';
import { sessionWarnings } from './sessions.ts';
import { type World } from './world.ts';

/** A write that is about to happen. `before` is there for a change, and absent for a creation. */
export interface Proposed {
  readonly kind: ResourceKind;
  readonly object: unknown;
  readonly before?: unknown;
}

export interface Verdict {
  /** Why it is refused: one line each, naming the field, what was found and what is allowed. None admits it. */
  readonly faults: readonly string[];
  /** What a person would want to know of an object that is admitted. */
  readonly warnings: readonly string[];
}

const ADMITTED: Verdict = { faults: [], warnings: [] };

/**
 * Pure. Refuses what is wrong by itself or with the tools of its server, and warns of what depends on other objects: those
 * may be written later, in whatever order. Whoever only takes access away, or leaves what was judged before as it was, is
 * never refused.
 */
export function judge(proposed: Proposed, world: World, now: number): Verdict {
  if (onlyTakesAway(proposed)) return ADMITTED;
  switch (proposed.kind) {
    case 'MCPServer':
      return judged(proposed, SERVERS, { faults: () => [], warnings: (server) => serverWarnings(server, world) });
    case 'MCPAccessGrant':
      return judged(proposed, GRANTS, {
        faults: (grant) => grantFaults(grant, world),
        warnings: (grant) => grantWarnings(grant, world, now),
      });
    case 'MCPAgentSession':
      return judged(proposed, SESSIONS, {
        faults: () => [],
        warnings: (session) => sessionWarnings(session, world, now),
      });
  }
}

interface Checks<T> {
  faults(object: T): readonly string[];
  warnings(object: T): readonly string[];
}

function judged<T extends MCPServer | MCPAccessGrant | MCPAgentSession>(
  { object, before }: Proposed,
  type: ResourceType<T>,
  checks: Checks<T>,
): Verdict {
  const parsed = parse(type, object);
  if ('fault' in parsed) return { faults: [parsed.fault], warnings: [] };
  const name = `${type.kind} ${keyText(keyOf(parsed.object))}`;
  const say = (lines: readonly string[]): readonly string[] => lines.map((line) => `${name} ${line}`);
  const old = before === undefined ? undefined : parse(type, before);
  const known = old === undefined || 'fault' in old ? [] : checks.faults(old.object);
  const faults = checks.faults(parsed.object);
  const fresh = faults.filter((fault) => !known.includes(fault));
  // A fault that was there before is nothing that this write does: it must not stand in the way of mending another one.
  const kept = faults.filter((fault) => known.includes(fault));
  return { faults: say(fresh), warnings: say([...kept, ...checks.warnings(parsed.object)]) };
}

function parse<T>(type: ResourceType<T>, value: unknown): { readonly object: T } | { readonly fault: string } {
  try {
    return { object: type.parse(named(value)) };
  } catch (error) {
    if (error instanceof AppError) return { fault: error.message };
    throw error;
  }
}

/** The name of an object with `generateName` is not yet chosen. */
function named(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value['metadata'])) return value;
  const { name, generateName } = value['metadata'];
  if (typeof name === 'string' || typeof generateName !== 'string') return value;
  return { ...value, metadata: { ...value['metadata'], name: `${generateName}0` } };
}

function onlyTakesAway({ kind, object, before }: Proposed): boolean {
  const spec = memberOf(object, 'spec');
  if (before !== undefined && isDeepStrictEqual(spec, memberOf(before, 'spec'))) return true;
  if (memberOf(memberOf(object, 'metadata'), 'deletionTimestamp') !== undefined) return true;
  return (
    (kind === 'MCPAccessGrant' && memberOf(spec, 'disabled') === true) ||
    (kind === 'MCPAgentSession' && memberOf(spec, 'revoked') === true)
  );
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
