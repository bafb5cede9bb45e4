import { ANNOTATIONS, type MCPServer, type RolloutStatus, sourceText } from '@mcp-runtime/api';
import { type CanaryObserved, type Counts, type Judgement, judgeCanary } from './judge.ts';
import { type Trial, recordOf, trialOf } from './trial.ts';

/** What is known of a trial when its record is brought up to date. */
export interface TrialObserved extends Pick<CanaryObserved, 'health' | 'definitions' | 'counts'> {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

type Outcome = Pick<RolloutStatus, 'phase' | 'reason' | 'message'>;

/** So often counts alone are worth a write. */
const COUNTS_MS = 30_000;
const MAX_MESSAGE = 1024;

/**
 * Pure: the record of a trial as it is to be from now on; undefined where nothing is on trial. It says what was decided before
 * anything is done about it, so that whoever comes to lead does the same.
 */
export function nextRecord(server: MCPServer, observed: TrialObserved): RolloutStatus | undefined {
  const trial = trialOf(server);
  if (trial === undefined) return undefined;
  const now = timeOf(observed.nowMs);
  const before = recordOf(server, trial) ?? freshRecord(trial, now);
  const asked = askedFor(server, trial);
  if (asked === before.phase) return before;
  if (asked !== undefined) return withOutcome(before, outcomeAsked(asked), observed, now);
  if (before.phase === 'Promoted' || before.phase === 'RolledBack') return before;
  const started = startOf(before, observed, now);
  const elapsedMs = started.startedAt === undefined ? 0 : observed.nowMs - Date.parse(started.startedAt);
  const judgement = judgeCanary({ ...observed, rules: trial.rules, elapsedMs });
  const next = withOutcome(started, outcomeOf(judgement, trial), observed, now);
  return isWorthAWrite(before, next, observed.nowMs) ? next : before;
}

function freshRecord({ hash, stableHash, source }: Trial, now: string): RolloutStatus {
  return {
    phase: 'Progressing',
    hash,
    stableHash,
    source: sourceText(source),
    reason: 'Started',
    message: 'the canary is made',
    since: now,
    observedAt: now,
    requests: 0,
    errors: 0,
    stableRequests: 0,
    stableErrors: 0,
  };
}

/** What a person asks for, as long as it is about this version. */
function askedFor({ metadata }: MCPServer, { hash }: Trial): 'Promoted' | 'RolledBack' | undefined {
  switch (metadata.annotations?.[ANNOTATIONS.rollout]) {
    case `promote:${hash}`:
      return 'Promoted';
    case `rollback:${hash}`:
      return 'RolledBack';
    default:
      return undefined;
  }
}

function outcomeAsked(phase: 'Promoted' | 'RolledBack'): Outcome {
  return { phase, reason: 'Requested', message: `the annotation \`${ANNOTATIONS.rollout}\` asks for it` };
}

/** Where people decide, the operator only says what it would do. */
function outcomeOf({ verdict, reason, message }: Judgement, { rules, hash }: Trial): Outcome {
  if (verdict === 'wait') return { phase: 'Progressing', reason, message };
  if (verdict === 'hold' || rules.promotion === 'Manual') {
    const advice = verdict === 'rollback' ? `rollback:${hash}` : `promote:${hash}`;
    const how = `decide by the annotation \`${ANNOTATIONS.rollout}\`, such as \`${advice}\``;
    return { phase: 'Held', reason, message: `${message}; ${how}` };
  }
  return { phase: verdict === 'promote' ? 'Promoted' : 'RolledBack', reason, message };
}

function startOf(record: RolloutStatus, { health }: TrialObserved, now: string): RolloutStatus {
  return record.startedAt !== undefined || health.state !== 'ready' ? record : { ...record, startedAt: now };
}

function withOutcome(
  record: RolloutStatus,
  outcome: Outcome,
  { counts: { canary, stable } }: TrialObserved,
  now: string,
): RolloutStatus {
  return {
    ...record,
    ...outcome,
    message: outcome.message.slice(0, MAX_MESSAGE),
    since: outcome.phase === record.phase ? record.since : now,
    observedAt: now,
    requests: canary.requests,
    errors: canary.errors,
    stableRequests: stable.requests,
    stableErrors: stable.errors,
  };
}

function isWorthAWrite(before: RolloutStatus, next: RolloutStatus, nowMs: number): boolean {
  if (before.phase !== next.phase || before.reason !== next.reason || before.startedAt !== next.startedAt) return true;
  const isNews = before.message !== next.message || before.stableRequests !== next.stableRequests;
  return isNews && nowMs - Date.parse(before.observedAt) >= COUNTS_MS;
}

/** What a record says was counted. */
export function countsIn(record: RolloutStatus | undefined): { readonly stable: Counts; readonly canary: Counts } {
  return {
    stable: { requests: record?.stableRequests ?? 0, errors: record?.stableErrors ?? 0 },
    canary: { requests: record?.requests ?? 0, errors: record?.errors ?? 0 },
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
