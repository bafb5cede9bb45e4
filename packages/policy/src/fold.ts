import { type SideEffect } from '@mcp-runtime/api';
import { type Grant, type ResourceRule, type Rule } from './compile.ts';
import { type Condition } from './conditions/condition.ts';
import { hasEnded } from './instant.ts';
import { plainSpelling } from './uri-spelling.ts';
import { type TrustRank } from './values.ts';

/** A single thing that a call names. */
export type Thing =
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'resource' | 'template'; readonly uri: string };

/** What the grants of a caller say about one thing, taken together. */
export type Folded =
  | { readonly outcome: 'denied'; readonly grant: Grant }
  | {
      readonly outcome: 'not-granted';
      /** Whether a rule would allow it for other arguments. */
      readonly isConditional: boolean;
    }
  | {
      readonly outcome: 'granted';
      /** The grant that the decision is put down to. */
      readonly grant: Grant;
      readonly sideEffectAllowed: boolean;
      /** 0 when no grant allows the side effect. */
      readonly adminTrust: TrustRank | 0;
      readonly requiredTrust: TrustRank;
    };

/** Whether the condition of a rule lets it count. Not asked about rules without one. */
export type Applies = (condition: Condition, rule: Rule, grant: Grant) => boolean;

export interface Wanted {
  readonly thing: Thing;
  readonly sideEffect: SideEffect | '';
  readonly raisedTo: SideEffect | '';
  readonly requiredTrust: TrustRank;
  readonly applies: Applies;
}

/** Grants in order; a deny rule ends the scan, whatever was allowed before. */
export function foldGrants(grants: readonly Grant[], wanted: Wanted, now: number): Folded {
  let attributed: Grant | undefined;
  let adminTrust: TrustRank | 0 = 0;
  let requiredTrust = wanted.requiredTrust;
  let isConditional = false;
  for (const grant of grants) {
    if (!isActive(grant, now)) continue;
    const rule = ruleFor(grant, wanted.thing);
    if (rule === undefined) continue;
    if (rule !== 'covered' && rule.condition !== undefined && !wanted.applies(rule.condition, rule, grant)) {
      isConditional ||= !rule.denies;
      continue;
    }
    if (rule !== 'covered' && rule.denies) return { outcome: 'denied', grant };
    attributed ??= grant;
    if (wanted.sideEffect === '' || !grant.sideEffects.has(wanted.sideEffect)) continue;
    if (grant.maxTrust > adminTrust && permits(grant, wanted)) {
      attributed = grant;
      adminTrust = grant.maxTrust;
    }
    if (rule !== 'covered' && rule.requiredTrust > requiredTrust) {
      attributed = grant;
      requiredTrust = rule.requiredTrust;
    }
  }
  if (attributed === undefined) return { outcome: 'not-granted', isConditional };
  return { outcome: 'granted', grant: attributed, sideEffectAllowed: adminTrust > 0, adminTrust, requiredTrust };
}

/** A side effect that the server raised is needed beside the declared one: neither stands for the other. */
export function permits(grant: Grant, { sideEffect, raisedTo }: Pick<Wanted, 'sideEffect' | 'raisedTo'>): boolean {
  if (sideEffect === '' || !grant.sideEffects.has(sideEffect)) return false;
  return raisedTo === '' || grant.sideEffects.has(raisedTo);
}

/** Not disabled, and inside its window. */
export function isActive(grant: Grant, now: number): boolean {
  return !grant.disabled && now >= grant.begins && !hasEnded(grant.ends, now);
}

/** The rule of a grant about a thing. */
export function ruleFor(grant: Grant, thing: Thing): Rule | 'covered' | undefined {
  if (grant.coversAll) return 'covered';
  if (thing.kind === 'tool') return grant.tools.get(thing.name);
  if (thing.kind === 'prompt') return grant.prompts.get(thing.name);
  return resourceRule(grant.resources, thing);
}

/** A deny rule first, then the allow rule that asks for the most trust. */
function resourceRule(
  rules: readonly ResourceRule[],
  thing: { readonly kind: 'resource' | 'template'; readonly uri: string },
): Rule | undefined {
  const found =
    thing.kind === 'resource' ? covering(rules, thing.uri) : rules.filter((rule) => overlapsTemplate(rule, thing.uri));
  const byStrictness = (a: Rule, b: Rule): number =>
    Number(b.denies) - Number(a.denies) || b.requiredTrust - a.requiredTrust;
  return found.toSorted(byStrictness)[0];
}

/** Only what is denied is looked for in every spelling. */
function covering(rules: readonly ResourceRule[], uri: string): readonly ResourceRule[] {
  const plain = rules.some(({ denies }) => denies) ? plainSpelling(uri) : uri;
  return rules.filter((rule) => {
    if (rule.denies) return isCovered(rule, uri, rule.text) || isCovered(rule, plain, rule.plainText);
    return isCovered(rule, uri, rule.text) && !(rule.isPrefix && CLIMBS.test(uri));
  });
}

function isCovered({ isPrefix }: ResourceRule, uri: string, text: string): boolean {
  return isPrefix ? uri.startsWith(text) : uri === text;
}

/** A `..` segment, plain or percent-encoded: a server that resolves it leaves what the beginning promised. */
const CLIMBS = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){2}(?=$|[/\\?#]|%2f|%5c)/i;

/** Whether the rule can say something about every (deny) or some (allow) URI that the template can become. */
function overlapsTemplate(rule: ResourceRule, template: string): boolean {
  const literal = template.slice(0, template.includes('{') ? template.indexOf('{') : undefined);
  const coversAll = rule.isPrefix && literal.startsWith(rule.text);
  return rule.denies ? coversAll : coversAll || rule.text.startsWith(literal);
}
