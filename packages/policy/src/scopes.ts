import { type PolicyDocument, SIDE_EFFECTS, type SideEffect } from '@mcp-runtime/api';
import { type Facts } from './facts.ts';
import { normalWord } from './values.ts';

/** OAuth scopes that stand for rights: they narrow what grants give and never widen it. */
export interface ScopeRules {
  /** What every request needs. */
  readonly every: readonly string[];
  readonly bySideEffect: ReadonlyMap<SideEffect, readonly string[]>;
  readonly byTool: ReadonlyMap<string, readonly string[]>;
  /** All that are named anywhere, in the order of the document. */
  readonly declared: readonly string[];
}

/** Undefined where the document names no scope, and where credentials have none. */
export function scopeRulesOf({ auth, tools = [] }: PolicyDocument): ScopeRules | undefined {
  if (normalWord(auth?.mode) !== 'oauth') return undefined;
  const every = auth?.required_scopes ?? [];
  const bySideEffect = new Map(
    SIDE_EFFECTS.map((effect) => [effect, auth?.side_effect_scopes?.[effect] ?? []] as const),
  );
  const byTool = new Map(
    tools.flatMap(({ name, required_scopes: scopes }) => (scopes ? [[name, scopes] as const] : [])),
  );
  const declared = [...new Set([...every, ...bySideEffect.values(), ...byTool.values()].flat())];
  return declared.length === 0 ? undefined : { every, bySideEffect, byTool, declared };
}

/** Every scope that a request needs, at once. */
export function neededScopes({ every, bySideEffect, byTool }: ScopeRules, facts: Facts): readonly string[] {
  if (facts.governance !== 'things') return every;
  const { thing, tool } = facts;
  const ofEffect = [tool.sideEffect, tool.raisedTo].flatMap((effect) =>
    effect === '' ? [] : (bySideEffect.get(effect) ?? []),
  );
  const ofTool = thing.kind === 'tool' ? (byTool.get(thing.name) ?? []) : [];
  return [...new Set([...every, ...ofEffect, ...ofTool])];
}

/** What reading takes: the least that a client asks its issuer for. */
export function basicScopes({ every, bySideEffect }: ScopeRules): readonly string[] {
  return [...new Set([...every, ...(bySideEffect.get('read') ?? [])])];
}
