import { type Grant, type Policy, type Rule, type Session, type Tool } from './compile.ts';
import { type ConditionOutcome } from './conditions/condition.ts';
import { type DecisionFacts, NO_FACTS } from './decision.ts';
import { type Applies, type Folded, type Thing, foldGrants, isActive, permits, ruleFor } from './fold.ts';
import { hasEnded } from './instant.ts';
import { type Identity, type PolicyRequest, isToolCall } from './request.ts';
import { matches } from './subject-index.ts';
import { type TrustRank, firstNonBlank, trustName } from './values.ts';

/** How the session that a caller names stands. */
export type SessionStanding = 'unnamed' | 'not-found' | 'revoked' | 'expired' | 'live';

/**
 * What is governed: nothing, access to the server, the things that the message names, something that is the caller's own
 * already, or the unknown.
 */
export type Governance = 'none' | 'access' | 'things' | 'own' | 'unknown';

const UNLISTED: Tool = { requiredTrust: 1, sideEffect: '', raisedTo: '', risk: '' };
/** Prompts and resources are read. */
const READ: Tool = { requiredTrust: 1, sideEffect: 'read', raisedTo: '', risk: '' };

/**
 * For what some arguments could be allowed: no condition of a deny rule holds, and those of the allow rules that raise the
 * required trust up to this much do.
 */
export type Assumed = TrustRank | 0;

interface ConditionSeen {
  readonly grant: Grant;
  readonly denies: boolean;
  readonly text: string;
  readonly outcome: ConditionOutcome;
  readonly saw: string;
}

/** What the checks look at, each part computed when first asked for. */
export class Facts {
  readonly policy: Policy;
  readonly request: PolicyRequest;
  readonly #assumed: Assumed | undefined;
  #session: { readonly standing: SessionStanding; readonly session: Session | undefined } | undefined;
  #folded: Folded | undefined;
  #hasMetCondition = false;

  constructor(policy: Policy, request: PolicyRequest, assumed?: Assumed) {
    this.policy = policy;
    this.request = request;
    this.#assumed = assumed;
  }

  /** Whether the decision so far depends on a condition. */
  get hasMetCondition(): boolean {
    return this.#hasMetCondition;
  }

  get governance(): Governance {
    const { method, target } = this.request;
    if (isToolCall(method)) return 'things';
    // What follows a tool call is governed like it; whoever may not use the tool any more may still stop what runs.
    if (target?.kind === 'task') return method === 'tasks/cancel' ? 'own' : 'things';
    if (this.policy.governs === 'call_tool') return 'none';
    if (target === undefined) return 'unknown';
    const isAccess = target.kind === 'list' || target.kind === 'server' || target.kind === 'subscription';
    return isAccess ? 'access' : 'things';
  }

  /** The thing that this decision is about. A call without a name is one of the tool with the empty name; a task is its tool. */
  get thing(): Thing {
    const { target } = this.request;
    if (
      target?.kind === 'prompt' ||
      target?.kind === 'tool' ||
      target?.kind === 'resource' ||
      target?.kind === 'template'
    )
      return target;
    return { kind: 'tool', name: target?.kind === 'task' ? target.tool : '' };
  }

  get tool(): Tool {
    const { thing } = this;
    if (thing.kind !== 'tool') return READ;
    return this.policy.tools.get(thing.name) ?? UNLISTED;
  }

  get standing(): SessionStanding {
    return this.#foundSession().standing;
  }

  /** The session that counts: live ones, and where sessions are required also one that ended. */
  get session(): Session | undefined {
    const { standing, session } = this.#foundSession();
    return standing === 'live' || this.policy.sessionRequired ? session : undefined;
  }

  get grants(): readonly Grant[] {
    return this.policy.grants.matching(this.request.identity);
  }

  get hasActiveGrant(): boolean {
    return this.grants.some((grant) => isActive(grant, this.request.now));
  }

  get folded(): Folded {
    const { requiredTrust, sideEffect, raisedTo } = this.tool;
    return (this.#folded ??= foldGrants(
      this.grants,
      { thing: this.thing, requiredTrust, sideEffect, raisedTo, applies: this.#applies },
      this.request.now,
    ));
  }

  /** Lowest of what the administrator gave and the human agreed to. */
  get trust(): { readonly admin: 1 | 2 | 3; readonly consented: 1 | 2 | 3; readonly effective: 1 | 2 | 3 } {
    const admin = this.folded.outcome === 'granted' ? this.folded.adminTrust || 1 : 1;
    const consented = (this.standing === 'live' ? this.session?.consentedTrust : undefined) ?? admin;
    return { admin, consented, effective: consented < admin ? consented : admin };
  }

  /** Facts that every decision with a session carries. */
  withSession(version?: string): DecisionFacts {
    const { session } = this;
    return {
      ...NO_FACTS,
      policyVersion: firstNonBlank(version, this.policy.policyVersion),
      matchedSession: session && { name: session.name, namespace: session.namespace },
    };
  }

  /** Facts of a decision that grants led to. */
  withGrant(): DecisionFacts {
    const { folded } = this;
    if (folded.outcome === 'not-granted') return this.withSession();
    const { grant } = folded;
    return { ...this.withSession(grant.policyVersion), matchedGrant: { name: grant.name, namespace: grant.namespace } };
  }

  withRequirement(): DecisionFacts {
    const { folded, tool } = this;
    const required = folded.outcome === 'granted' ? folded.requiredTrust : tool.requiredTrust;
    return {
      ...this.withGrant(),
      requiredTrust: trustName(required),
      requiredSideEffect: tool.raisedTo || tool.sideEffect,
      riskLevel: tool.risk,
    };
  }

  withTrust(): DecisionFacts {
    const { admin, consented, effective } = this.trust;
    return {
      ...this.withRequirement(),
      adminTrust: trustName(admin),
      consentedTrust: trustName(consented),
      effectiveTrust: trustName(effective),
    };
  }

  /** The conditions of rules that are about the thing, each with what it says of this call. */
  get conditions(): readonly ConditionSeen[] {
    const { thing, request, grants } = this;
    const input = { arguments: request.arguments ?? {}, identity: request.identity };
    return grants.flatMap((grant) => {
      const rule = isActive(grant, request.now) ? ruleFor(grant, thing) : undefined;
      if (rule === undefined || rule === 'covered' || rule.condition === undefined) return [];
      const { text } = rule.condition;
      return [
        { grant, denies: rule.denies, text, outcome: rule.condition.test(input), saw: rule.condition.saw(input) },
      ];
    });
  }

  readonly #applies: Applies = (condition, rule, grant) => {
    this.#hasMetCondition = true;
    if (this.#assumed !== undefined) return appliesAtBest(this.#assumed, rule, permits(grant, this.tool));
    const { arguments: given = {}, identity } = this.request;
    const outcome = condition.test({ arguments: given, identity });
    return outcome === 'holds' || (outcome === 'error' && rule.denies);
  };

  #foundSession(): { readonly standing: SessionStanding; readonly session: Session | undefined } {
    return (this.#session ??= this.#findSession());
  }

  #findSession(): { readonly standing: SessionStanding; readonly session: Session | undefined } {
    const { identity, now } = this.request;
    if (identity.session === '') return { standing: 'unnamed', session: undefined };
    const session = this.policy.sessions.get(identity.session)?.find((candidate) => isMeant(candidate, identity));
    if (session === undefined) return { standing: 'not-found', session };
    if (session.revoked) return { standing: 'revoked', session };
    return { standing: hasEnded(session.ends, now) ? 'expired' : 'live', session };
  }
}

/** Whether it is the session that the caller names, and is the caller's. */
function isMeant({ subject, namespace }: Session, identity: Identity): boolean {
  return (identity.sessionNamespace ?? namespace) === namespace && matches(subject, identity);
}

/** A rule whose condition is at fault counts as it does for every call. */
function appliesAtBest(assumed: Assumed, { condition, denies, requiredTrust }: Rule, isPermitted: boolean): boolean {
  if (condition?.fault !== undefined || denies) return denies && condition?.fault !== undefined;
  return requiredTrust <= assumed && isPermitted;
}
