import { randomUUID } from 'node:crypto';
import { type AuditEvent, ERRORS, EVENT_TYPES, type ErrorCode, NO_EXCHANGE } from '@mcp-runtime/api';
import { type Clock, type FloodRate, type Logger, type Running, closeOnce, createFloodGate } from '@mcp-runtime/base';
import { type AuditSink } from './audit.ts';

/** A request that was refused before it was known which server it is for, or who asks. */
export interface Refusal {
  readonly reason: ErrorCode;
  /** HTTP status given to the caller; that of the reason unless given. */
  readonly status?: number;
  /** As far as they are known. A query is never kept. */
  readonly method?: string;
  readonly path?: string;
  readonly clientAddress?: string;
}

/** Records such refusals, so that nobody can fill the disk with them (ADR 0019). Closing records what is counted. */
export interface RefusalLog extends Running {
  /** Resolves when the refusal is recorded, or counted in a flood. Never rejects. */
  record(refusal: Refusal): Promise<void>;
}

interface RefusalLogOptions {
  readonly audit: Pick<AuditSink, 'append'>;
  /** `source` of the events. */
  readonly source: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of a record that could not be written. */
  readonly onLost?: () => void;
  readonly rate?: FloodRate;
}

/** Some 90,000 records a day at most, 60 MB. */
const RATE: FloodRate = { burst: 100, perSecond: 1 };
/** What a flood is folded into is recorded this often, for each reason. */
const FOLD_MS = 60_000;

export function createRefusalLog({ audit, source, clock, log, onLost, rate = RATE }: RefusalLogOptions): RefusalLog {
  const gate = createFloodGate<ErrorCode>(rate, clock);
  let timer: NodeJS.Timeout | undefined;

  async function append(refusal: Refusal, more: { readonly count?: number } = {}): Promise<void> {
    const event = eventOf(refusal, { source, now: clock(), ...more });
    const { request_id, reason, status, method, path, client_address } = event.payload;
    log.info('a request was refused', { requestId: request_id, reason, status, method, path, client_address, ...more });
    try {
      await audit.append(event);
    } catch (cause) {
      onLost?.();
      log.error('a record could not be written', { requestId: request_id, error: String(cause) });
    }
  }

  async function recordFolded(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    for (const [reason, count] of gate.takeHeld()) await append({ reason }, { count });
  }

  return {
    record: async (refusal) => {
      if (gate.pass(refusal.reason)) return append(refusal);
      timer ??= setTimeout(() => void recordFolded(), FOLD_MS).unref();
    },
    ...closeOnce(recordFolded),
  };
}

interface Written {
  readonly source: string;
  readonly now: number;
  readonly count?: number;
}

function eventOf(refusal: Refusal, { source, now, count }: Written): AuditEvent {
  const { reason, status = ERRORS[reason].http, method = '', path = '', clientAddress } = refusal;
  const id = randomUUID();
  return {
    id,
    timestamp: new Date(now).toISOString(),
    source,
    event_type: EVENT_TYPES.refusal,
    payload: {
      ...NO_EXCHANGE,
      request_id: id,
      method: method.slice(0, MAX_METHOD),
      path: path.slice(0, MAX_PATH),
      status,
      reason,
      ...(clientAddress === undefined ? {} : { client_address: clientAddress.slice(0, MAX_ADDRESS) }),
      ...(count === undefined ? {} : { count }),
    },
  };
}

const MAX_METHOD = 32;
const MAX_PATH = 2048;
const MAX_ADDRESS = 64;
