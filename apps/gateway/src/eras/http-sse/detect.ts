import { type Upstream } from '../../upstream/port.ts';
import { endpointOf } from './endpoint.ts';
import { eventReceiver } from './event-stream.ts';

const DETECT_TIMEOUT_MS = 5000;
const MAX_EVENT_BYTES = 64 * 1024;

/** Whether a GET of that URL opens a stream that names an endpoint first (MCP 2025-11-25, "Backwards compatibility"). */
export function isHttpSse(
  upstream: Pick<Upstream, 'send'>,
  target: URL,
  headers: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const receiver = eventReceiver(
    {
      onOpen: () => {},
      onEvent: (name, data) => resolve(name === 'endpoint' && endpointOf(data, target) !== undefined),
      onEnd: () => resolve(false),
    },
    MAX_EVENT_BYTES,
  );
  const request = { method: 'GET', headers: { ...headers, accept: 'text/event-stream' }, body: null } as const;
  const giveUp = upstream.send(target, { ...request, idleTimeoutMs: DETECT_TIMEOUT_MS }, receiver);
  const late = setTimeout(() => resolve(false), DETECT_TIMEOUT_MS);
  return promise.finally(() => {
    clearTimeout(late);
    giveUp();
  });
}
