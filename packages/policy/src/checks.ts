import { type ErrorCode } from '@mcp-runtime/api';
import { type Decision, type Denial, NO_FACTS, deny, issuePermit } from './decision.ts';
import { type Facts } from './facts.ts';
import { neededScopes } from './scopes.ts';
import { firstNonBlank, trustName } from './values.ts';

/** One condition of a decision: what it saw, and the decision when it settles the matter. */
export interface Check {
  readonly id: string;
  /** For `explain`: what the condition looked at. */
  readonly saw: (facts: Facts) => string;
  readonly settle: (facts: Facts) => Decision | undefined;
}

const isGoverned: Check = {
  id: 'the method is governed',
  saw: ({ request, policy, governance }) => `method ${request.method}, enforce_on ${policy.governs}: ${governance}`,
  settle: (facts) => (facts.governance === 'none' ? permit(facts, 'allowed') : undefined),
};

const hasIdentity: Check = {
  id: 'the caller is somebody',
  saw: ({ request: { identity } }) =>
    `human ${shown(identity.human)}, agent ${shown(identity.agent)}, team ${shown(identity.team)}`,
  settle: (facts) => {
    const { human, agent, team } = facts.request.identity;
    if (human !== '' || agent !== '' || team !== '') return undefined;
    return deny(
      'missing_identity',
      facts.policy.revision,
      { ...NO_FACTS, policyVersion: facts.policy.policyVersion },
      'the request carries no identity',
    );
  },
};

const methodIsKnown: Check = {
  id: 'the method is known',
  saw: ({ request }) => request.method,
  settle: (facts) =>
    facts.governance === 'unknown'
      ? denied(facts, 'unknown_method', `method \`${facts.request.method}\` is not known to policy`)
      : undefined,
};

const sessionIsNamed: Check = {
  id: 'a session is named where one is required',
  saw: ({ policy, request }) => `required ${yes(policy.sessionRequired)}, session ${shown(request.identity.session)}`,
  settle: (facts) => {
    if (!facts.policy.sessionRequired || facts.standing !== 'unnamed') return undefined;
    return deny(
      'missing_session',
      facts.policy.revision,
      { ...NO_FACTS, policyVersion: facts.policy.policyVersion },
      'the server requires an agent session',
    );
  },
};

const SESSION_FAULTS = {
  'not-found': { reason: 'session_not_found', says: 'is not a session of this caller' },
  revoked: { reason: 'session_revoked', says: 'was revoked' },
  expired: { reason: 'session_expired', says: 'has expired' },
} as const;

const sessionIsLive: Check = {
  id: 'the session is live where one is required',
  saw: ({ standing, policy }) => `session ${standing}${policy.sessionRequired ? '' : ', not required'}`,
  settle: (facts) => {
    const { standing, policy, request } = facts;
    if (!policy.sessionRequired || standing === 'live' || standing === 'unnamed') return undefined;
    const { reason, says } = SESSION_FAULTS[standing];
    const known = facts.withSession(firstNonBlank(facts.session?.policyVersion));
    return deny(reason, policy.revision, known, `session \`${request.identity.session}\` ${says}`);
  },
};

const isOwn: Check = {
  id: "it is not the caller's own to stop",
  saw: ({ request, governance }) => `method ${request.method}: ${governance === 'own' ? 'its own task' : governance}`,
  settle: (facts) => (facts.governance === 'own' ? permit(facts, 'allowed') : undefined),
};

const grantMatches: Check = {
  id: 'a grant names the caller',
  saw: ({ grants }) =>
    grants.length === 0 ? 'none' : grants.map((grant) => `${grant.namespace}/${grant.name}`).join(', '),
  settle: (facts) =>
    facts.grants.length === 0 ? byDefault(facts, 'no_matching_grant', 'no grant covers this caller') : undefined,
};

const accessIsGranted: Check = {
  id: 'a grant of the caller is in force',
  saw: ({ hasActiveGrant }) => yes(hasActiveGrant),
  settle: (facts) => {
    if (facts.governance !== 'access') return undefined;
    if (!facts.hasActiveGrant) return byDefault(facts, 'no_matching_grant', 'no grant in force covers this caller');
    return permit(facts, 'allowed');
  },
};

const argumentsAreSeen: Check = {
  id: 'conditions of rules on its arguments',
  saw: ({ conditions }) =>
    conditions.length === 0
      ? 'none'
      : conditions
          .map(
            ({ grant, denies, text, outcome, saw }) =>
              `${grant.namespace}/${grant.name} ${denies ? 'denies' : 'allows'} when ${text}: ${outcome} (${saw})`,
          )
          .join('; '),
  settle: () => undefined,
};

const nothingDenies: Check = {
  id: 'no grant denies it by name',
  saw: ({ folded }) =>
    folded.outcome === 'denied' ? `${folded.grant.namespace}/${folded.grant.name} denies it` : 'no deny rule',
  settle: (facts) =>
    facts.folded.outcome === 'denied'
      ? deny(
          'tool_denied',
          facts.policy.revision,
          facts.withGrant(),
          `${named(facts)} is denied by grant \`${facts.folded.grant.name}\``,
        )
      : undefined,
};

const isGranted: Check = {
  id: 'a grant in force allows it',
  saw: ({ folded }) => (folded.outcome === 'granted' ? `${folded.grant.namespace}/${folded.grant.name}` : 'none'),
  settle: (facts) =>
    facts.folded.outcome === 'not-granted' ? byDefault(facts, ...whyNot(facts, facts.folded.isConditional)) : undefined,
};

const sideEffectIsKnown: Check = {
  id: 'its side effect is declared',
  saw: ({ tool }) => tool.sideEffect || 'not declared',
  settle: (facts) =>
    facts.tool.sideEffect === ''
      ? deny(
          'tool_side_effect_unknown',
          facts.policy.revision,
          facts.withRequirement(),
          `${named(facts)} has no declared side effect`,
        )
      : undefined,
};

const sideEffectIsAllowed: Check = {
  id: 'its side effect is allowed',
  saw: ({ tool, folded }) => `${effectsOf(tool)}: ${yes(folded.outcome === 'granted' && folded.sideEffectAllowed)}`,
  settle: (facts) => {
    if (facts.folded.outcome !== 'granted' || facts.folded.sideEffectAllowed) return undefined;
    const says = `${named(facts)} has side effect \`${effectsOf(facts.tool)}\`, which no grant of the caller allows`;
    return deny('side_effect_not_allowed', facts.policy.revision, facts.withRequirement(), says);
  },
};

const trustIsEnough: Check = {
  id: 'trust is enough',
  saw: ({ trust, folded }) => {
    const required = folded.outcome === 'granted' ? trustName(folded.requiredTrust) : '';
    return `required ${required}, granted ${trustName(trust.admin)}, consented ${trustName(trust.consented)}, effective ${trustName(trust.effective)}`;
  },
  settle: (facts) => {
    if (facts.folded.outcome !== 'granted' || facts.trust.effective >= facts.folded.requiredTrust) return undefined;
    const says = `${named(facts)} requires trust \`${trustName(facts.folded.requiredTrust)}\`, the caller has \`${trustName(facts.trust.effective)}\``;
    return deny('trust_too_low', facts.policy.revision, facts.withTrust(), says);
  },
};

/** Order is precedence: the first check that settles gives the answer. */
export const CHECKS: readonly Check[] = [
  isGoverned,
  methodIsKnown,
  hasIdentity,
  sessionIsNamed,
  sessionIsLive,
  isOwn,
  grantMatches,
  accessIsGranted,
  argumentsAreSeen,
  nothingDenies,
  isGranted,
  sideEffectIsKnown,
  sideEffectIsAllowed,
  trustIsEnough,
];

/**
 * Asked of whatever the checks above allow, by default too: scopes narrow. It comes last, so that nobody is sent to get a scope
 * that would not help.
 */
export const scopesAreEnough: Check = {
  id: 'the token has the scopes',
  saw: (facts) => {
    const { scopes } = facts.policy;
    if (scopes === undefined) return 'none are asked for';
    const held = facts.request.scopes;
    return `needed ${words(neededScopes(scopes, facts))}, held ${held instanceof Set ? words([...held]) : 'none'}`;
  },
  settle: (facts) => {
    const { policy, request } = facts;
    const held = request.scopes;
    if (policy.scopes === undefined || held === 'not-asked') return undefined;
    const needed = neededScopes(policy.scopes, facts);
    const missing = needed.filter((scope) => held?.has(scope) !== true);
    if (missing.length === 0) return undefined;
    const says = `the access token lacks the scope ${words(missing)}`;
    return { ...denied(facts, 'insufficient_scope', says), scopes: needed };
  },
};

function words(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'none' : scopes.map((scope) => `\`${scope}\``).join(', ');
}

function permit(facts: Facts, reason: 'allowed' | ErrorCode): Decision {
  return issuePermit(reason, facts.policy.revision, { ...NO_FACTS, policyVersion: facts.policy.policyVersion });
}

function denied(facts: Facts, reason: ErrorCode, message: string): Denial {
  return deny(reason, facts.policy.revision, facts.withSession(), message);
}

/** What the policy says where no grant does. */
function byDefault(facts: Facts, reason: ErrorCode, message: string): Decision {
  return facts.policy.allowsByDefault
    ? issuePermit(reason, facts.policy.revision, facts.withSession())
    : denied(facts, reason, message);
}

function whyNot(facts: Facts, isConditional: boolean): readonly [reason: ErrorCode, message: string] {
  return isConditional
    ? ['condition_not_met', `no grant allows ${named(facts)} with these arguments`]
    : ['tool_not_granted', `no grant allows ${named(facts)}`];
}

function named({ thing }: Facts): string {
  return 'name' in thing ? `${thing.kind} \`${thing.name}\`` : `${thing.kind} \`${thing.uri}\``;
}

/** The declared side effect, and the graver one of the server's own word. */
function effectsOf({ sideEffect, raisedTo }: Facts['tool']): string {
  return raisedTo === '' ? sideEffect : `${sideEffect} and ${raisedTo}`;
}

function shown(text: string): string {
  return text === '' ? 'none' : `\`${text}\``;
}

function yes(holds: boolean): string {
  return holds ? 'yes' : 'no';
}
