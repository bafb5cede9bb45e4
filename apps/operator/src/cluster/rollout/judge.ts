import { type MCPServer } from '@mcp-runtime/api';
import { durationMs } from '@mcp-runtime/control-plane';
import { type Definitions } from './definitions.ts';

type Rules = NonNullable<NonNullable<MCPServer['spec']['rollout']>['canary']>;

/** Requests that gateways sent to a version, and those of them that failed. */
export interface Counts {
  readonly requests: number;
  readonly errors: number;
}

/** How the pods of a canary are. `failing`: it is not to be expected that they come to run. */
export interface Health {
  readonly state: 'starting' | 'ready' | 'failing';
  readonly message: string;
}

export interface CanaryObserved {
  readonly rules: Omit<Rules, 'image' | 'source' | 'weight' | 'promotion'>;
  readonly health: Health;
  /** Of the time in which the canary was ready for calls, as is `elapsedMs`. */
  readonly counts: { readonly stable: Counts; readonly canary: Counts };
  readonly elapsedMs: number;
  readonly definitions: Definitions;
}

export interface Judgement {
  /** `hold`: only people know. */
  readonly verdict: 'wait' | 'hold' | 'promote' | 'rollback';
  readonly reason: string;
  readonly message: string;
}

type Check = (observed: CanaryObserved) => Judgement | undefined;

/** What speaks against the canary comes first, then what is not known yet. The first check that has something to say decides. */
const CHECKS: readonly Check[] = [
  // Pods that crash would hurt whoever is sent to them.
  ({ health }) => (health.state === 'failing' ? rollback('CanaryFailing', health.message) : undefined),
  tooManyErrors,
  changedDefinitions,
  ({ health }) => (health.state === 'starting' ? wait('CanaryStarting', health.message) : undefined),
  ({ definitions }) => (definitions.kind === 'unknown' ? wait('DefinitionsUnknown', definitions.message) : undefined),
  ({ counts, rules }) =>
    counts.canary.requests < rules.minRequests
      ? wait('MoreRequestsNeeded', `${rateText(counts.canary)}; it is judged at ${rules.minRequests} requests`)
      : undefined,
  ({ counts, rules, elapsedMs }) =>
    elapsedMs < durationMs(rules.minDuration)
      ? wait('MoreTimeNeeded', `${rateText(counts.canary)}; it is tried for ${rules.minDuration}`)
      : undefined,
];

/** Pure: what is to become of a canary. */
export function judgeCanary(observed: CanaryObserved): Judgement {
  for (const check of CHECKS) {
    const judgement = check(observed);
    if (judgement !== undefined) return judgement;
  }
  const { canary, stable } = observed.counts;
  return {
    verdict: 'promote',
    reason: 'ErrorRateWithinLimit',
    message: `${rateText(canary)}; of the version in use: ${rateText(stable)}`,
  };
}

/**
 * Requests that were not made yet count as good ones, up to `minRequests`: a few errors at the start say little, and a canary
 * that cannot come below its limit any more is not tried on.
 */
function tooManyErrors({ counts: { canary, stable }, rules }: CanaryObserved): Judgement | undefined {
  const percent = ({ requests, errors }: Counts): number => (100 * errors) / Math.max(requests, rules.minRequests);
  const limit = percent(stable) + rules.maxErrorRatePercent;
  if (percent(canary) <= limit) return undefined;
  const judged = `${limit.toFixed(1)} % of ${Math.max(canary.requests, rules.minRequests)} may`;
  return rollback('ErrorRateTooHigh', `${rateText(canary)}; ${judged}`);
}

function changedDefinitions({ definitions, rules }: CanaryObserved): Judgement | undefined {
  if (definitions.kind !== 'changed' || rules.onChangedDefinitions === 'Allow') return undefined;
  const { missing, changed } = definitions;
  const parts = [...namedText('missing', missing), ...namedText('changed', changed)].join('; ');
  const verdict = rules.onChangedDefinitions === 'Hold' ? 'hold' : 'rollback';
  return { verdict, reason: 'DefinitionsChanged', message: `tools of the canary are not those in use: ${parts}` };
}

const MAX_NAMED = 10;

function namedText(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const named = names.slice(0, MAX_NAMED).map((name) => `\`${name.slice(0, 64)}\``);
  return [`${what}: ${named.join(', ')}${more}`];
}

function rateText({ requests, errors }: Counts): string {
  return `${errors} of ${requests} requests failed`;
}

function wait(reason: string, message: string): Judgement {
  return { verdict: 'wait', reason, message };
}

function rollback(reason: string, message: string): Judgement {
  return { verdict: 'rollback', reason, message };
}
