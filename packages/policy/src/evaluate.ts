import { type ErrorCode, type ListedKind } from '@mcp-runtime/api';
import { CHECKS, scopesAreEnough } from './checks.ts';
import { type Policy } from './compile.ts';
import { type Decision, NO_FACTS, type Permit, deny, factsOfDecision, issuePermit } from './decision.ts';
import { type Assumed, Facts } from './facts.ts';
import { type Identity, type PolicyRequest } from './request.ts';

/** Pure: no clock, no I/O, never throws. The same request always gets the same decision. */
export function evaluate(policy: Policy, request: PolicyRequest): Decision {
  return decide(factsOf(policy, request));
}

/** What the decision about a request looks at. */
export function factsOf(policy: Policy, request: PolicyRequest): Facts {
  return factsOfPart(policy, decidingPart(policy, request));
}

/** Of a subscription, the first part that is denied, or would be, decides for it all. */
function decidingPart(policy: Policy, request: PolicyRequest): PolicyRequest {
  const { target } = request;
  if (target?.kind !== 'subscription') return request;
  const access: PolicyRequest = { ...request, target: { kind: 'server' } };
  const reads = target.uris.map((uri): PolicyRequest => ({ ...request, target: { kind: 'resource', uri } }));
  const follows = target.tasks.map((task): PolicyRequest => ({ ...request, target: task }));
  const parts = [...reads, ...follows];
  return [access, ...parts].find((part) => isStopped(decide(factsOfPart(policy, part)))) ?? parts[0] ?? access;
}

/** A completion has arguments of its own, and a task none: both are allowed where some call would be. */
function factsOfPart(policy: Policy, part: PolicyRequest): Facts {
  const isWithoutArguments = part.method === 'completion/complete' || part.target?.kind === 'task';
  return isWithoutArguments ? factsAtBest(policy, part) : new Facts(policy, part);
}

function isStopped(decision: Decision): boolean {
  return !decision.allowed || decision.shadow?.allowed === false;
}

/** With the arguments that suit the caller best, each condition taken for itself. */
function factsAtBest(policy: Policy, request: PolicyRequest): Facts {
  const first = new Facts(policy, request, MOST);
  if (!isStopped(decide(first)) || !first.hasMetCondition) return first;
  const others = LESS.map((assumed) => new Facts(policy, request, assumed));
  return others.find((facts) => !isStopped(decide(facts))) ?? first;
}

const MOST: Assumed = 3;
const LESS: readonly Assumed[] = [2, 1, 0];

function decide(facts: Facts): Decision {
  const { policy } = facts;
  if (!policy.observes) return enforce(facts);
  if (facts.governance === 'none')
    return issuePermit('allowed', policy.revision, { ...NO_FACTS, policyVersion: policy.policyVersion });
  const observed = { ...NO_FACTS, policyVersion: policy.policyVersion, riskLevel: facts.tool.risk };
  return issuePermit('allowed', policy.revision, observed, enforce(facts));
}

function enforce(facts: Facts): Decision {
  const granted = byGrants(facts);
  return granted.allowed ? (scopesAreEnough.settle(facts) ?? granted) : granted;
}

function byGrants(facts: Facts): Decision {
  for (const check of CHECKS) {
    const decision = check.settle(facts);
    if (decision !== undefined) return decision;
  }
  return issuePermit('allowed', facts.policy.revision, facts.withTrust());
}

/** Methods that the runtime's own readiness check may use. */
const PROBE_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'notifications/initialized',
  'ping',
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'http/delete',
  'http/get',
]);

/** Decides for the runtime's own readiness check, whose token the gateway has verified. */
export function evaluateProbe(policy: Policy, method: string): Decision {
  const facts = { ...NO_FACTS, policyVersion: policy.policyVersion };
  if (PROBE_METHODS.has(method)) return issuePermit('allowed', policy.revision, facts);
  return deny('unknown_method', policy.revision, facts, `a readiness check may not use \`${method}\``);
}

/**
 * Whether a caller sees an item of a list: exactly when some use of it, with arguments that suit, would be allowed, with
 * whatever scopes that takes. A client asks for more scopes when it uses the thing, so it must see it first.
 */
export function isVisible(
  policy: Policy,
  identity: Identity,
  now: number,
  of: ListedKind,
): (nameOrUri: string) => boolean {
  return (nameOrUri) => {
    const request: PolicyRequest = { ...useOf(of, nameOrUri), identity, scopes: 'not-asked', now };
    const first = new Facts(policy, request, MOST);
    const decision = decide(first);
    if (!isStopped(decision) || !first.hasMetCondition) return decision.allowed;
    return decision.allowed || LESS.some((assumed) => !isStopped(decide(new Facts(policy, request, assumed))));
  };
}

function useOf(of: ListedKind, nameOrUri: string): Pick<PolicyRequest, 'method' | 'target'> {
  if (of === 'tools') return { method: 'tools/call', target: { kind: 'tool', name: nameOrUri } };
  if (of === 'prompts') return { method: 'prompts/get', target: { kind: 'prompt', name: nameOrUri } };
  return { method: 'resources/read', target: { kind: of === 'resources' ? 'resource' : 'template', uri: nameOrUri } };
}

/** What becomes of a permit whose caller is over a limit: where the policy only observes, it stays one. */
export function limited(policy: Policy, permit: Permit, reason: ErrorCode, message: string): Decision {
  const denial = deny(reason, policy.revision, factsOfDecision(permit.shadow ?? permit), message);
  if (!policy.observes) return denial;
  const shadow = permit.shadow?.allowed === false ? permit.shadow : denial;
  return issuePermit(permit.reason, policy.revision, factsOfDecision(permit), shadow);
}
