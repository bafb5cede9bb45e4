import { type Logger } from '@mcp-runtime/base';

/** Every log line the bridge can write. Never messages, arguments or session ids. */
export interface Telemetry {
  childStarted(pid: number | undefined): void;
  childEnded(pid: number | undefined, why: string): void;
  /** A line of standard output was not a message; `lines` counts those of the child so far. */
  noise(pid: number | undefined, lines: number): void;
  /** A message of the server found no client to go to. */
  undeliverable(method: string): void;
  clientTooSlow(): void;
  requestFailed(error: unknown): void;
}

export function telemetryOf(logger: Logger): Telemetry {
  const log = logger.with({ component: 'bridge' });
  return {
    childStarted: (pid) => log.info('server process started', { pid }),
    childEnded: (pid, why) => log.info('server process ended', { pid, reason: why }),
    noise: (pid, lines) => {
      // A server that logs to standard output would fill the log: say it at 1, 10, 100, …
      if (Number.isInteger(Math.log10(lines))) log.warn('output that is not a message was ignored', { pid, lines });
    },
    undeliverable: (method) => log.debug('message of the server has no receiver', { method }),
    clientTooSlow: () => log.info('stream ended because the client does not read it'),
    requestFailed: (error) => log.error('request failed', { error: error instanceof Error ? error.stack : error }),
  };
}
