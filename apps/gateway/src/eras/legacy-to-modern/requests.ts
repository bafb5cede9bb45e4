import { AppError, asAppError } from '@mcp-runtime/api';
import { type Message } from '@mcp-runtime/mcp';
import { askAgain } from '../../authorize.ts';
import { type Passage } from '../passage.ts';
import { type Call, takesEvents } from './call.ts';
import { carry } from './carry.ts';
import { type LiveSession } from './live-sessions.ts';
import { serveLocally } from './local.ts';
import { Outlet } from '../outlet.ts';
import { type Served, type ServingPorts, refuseRequest } from './served.ts';

/** Serves a request of a session to its end. A client that goes away does not end it (MCP 2025-11-25, "Sending messages"). */
export function serveRequest(
  { passage, receiver, session, live, abort }: Served,
  message: Extract<Message, { kind: 'request' }>,
  ports: ServingPorts,
): void {
  const key = JSON.stringify(message.id);
  if (live.calls.has(key)) {
    refuseRequest(new Outlet(receiver), 400, 'a request with that id is open in this session');
    return;
  }
  const canResume = session.version !== '2024-11-05';
  const kept = canResume ? ports.replays.open(live.key, () => mayStill(passage, ports.clock())) : undefined;
  const outlet = new Outlet(receiver, kept);
  const call: Call = { passage, message, session, live, outlet, signal: abort.signal };
  let canceled: AppError | undefined;
  live.calls.set(key, (reason) => {
    canceled = reason;
    abort.abort(reason);
  });
  const isPrimed = session.version === '2025-11-25' && message.method === 'tools/call' && takesEvents(passage);
  const prime = isPrimed ? primeLater(outlet, ports.limits.primeAfterMs) : undefined;
  perform(call, ports)
    .catch((error: unknown) => {
      if (abort.signal.aborted && canceled === undefined) outlet.abandon();
      else outlet.fail(canceled ?? asAppError(error));
    })
    .finally(() => {
      clearTimeout(prime);
      live.calls.delete(key);
    });
}

async function perform(call: Call, ports: ServingPorts): Promise<void> {
  if ((await serveLocally(call)) === 'to be carried') await carry(call, ports);
}

/** A client that loses a silent connection has nothing to come back with (MCP 2025-11-25, "Resumability and redelivery"). */
function primeLater(outlet: Outlet, primeAfterMs: number): NodeJS.Timeout {
  return setTimeout(() => {
    if (!outlet.isOpen) outlet.prime();
  }, primeAfterMs).unref();
}

/** What was kept for a caller is given out under the policy of that moment. */
function mayStill({ exchange }: Passage, now: number): boolean {
  const policy = exchange.route.policy.current();
  return policy !== undefined && askAgain(exchange, policy, now) === undefined;
}

/** The client does not want an answer any more; to a server of MCP 2026-07-28 the end of the connection says so. */
export function cancelCall(live: LiveSession, requestId: unknown): void {
  if (typeof requestId !== 'string' && typeof requestId !== 'number') return;
  live.calls.get(JSON.stringify(requestId))?.(new AppError('canceled', 'the caller cancelled the request'));
}
