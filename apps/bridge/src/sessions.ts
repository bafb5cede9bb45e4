import { randomUUID } from 'node:crypto';
import { AppError } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type Join, Session } from './session.ts';
import { type Telemetry } from './telemetry.ts';

interface SessionsOptions {
  readonly join: Join;
  readonly maxSessions: number;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const MAX_QUEUED_MESSAGES = 100;

/** The sessions of the legacy era, by the id that the client shows. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byId = new Map<string, { readonly session: Session; lastUsed: number }>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** @throws AppError `overloaded` when there are as many as may be */
  open(): { readonly id: string; readonly session: Session } {
    const { join, maxSessions, telemetry, clock } = this.#options;
    if (this.#byId.size >= maxSessions) throw new AppError('overloaded', 'too many sessions are open');
    const id = randomUUID();
    const onEnd = (): void => void this.#byId.delete(id);
    const session = new Session({ join, maxQueued: MAX_QUEUED_MESSAGES, telemetry, onEnd });
    this.#byId.set(id, { session, lastUsed: clock() });
    return { id, session };
  }

  /** @throws AppError `not_found` when it has ended or never was: the client is to begin a new one */
  use(id: string): Session {
    const entry = this.#byId.get(id);
    if (entry === undefined) throw new AppError('not_found', 'the session does not exist');
    entry.lastUsed = this.#options.clock();
    return entry.session;
  }

  endIdle(): void {
    const now = this.#options.clock();
    for (const entry of this.#byId.values()) {
      if (entry.session.busy) entry.lastUsed = now;
      else if (now - entry.lastUsed >= this.#options.idleTimeoutMs) {
        void entry.session.close(new AppError('not_found', 'the session was idle for too long'));
      }
    }
  }

  async closeAll(reason: AppError): Promise<void> {
    await Promise.all([...this.#byId.values()].map(({ session }) => session.close(reason)));
  }
}
