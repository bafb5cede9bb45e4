import { AppError, HEADERS } from '@mcp-runtime/api';
import { type Upstream, type UpstreamRequest } from '../../upstream/port.ts';

/** The body of such an answer says nothing: everything that matters comes on the stream. */
const MAX_ANSWER_BYTES = 64 * 1024;
const POST_TIMEOUT_MS = 30_000;
const SESSION_ID = HEADERS.mcpSessionId.toLowerCase();
const LAST_EVENT_ID = HEADERS.lastEventId.toLowerCase();

/** Sends one message to the endpoint of a session. No redirect is followed. Rejects with an AppError when nobody answers. */
export function post(
  upstream: Pick<Upstream, 'send'>,
  endpoint: URL,
  { headers, body }: UpstreamRequest,
): Promise<'taken' | 'refused' | 'no session'> {
  const { promise, resolve, reject } = Promise.withResolvers<'taken' | 'refused' | 'no session'>();
  const { [SESSION_ID]: _session, [LAST_EVENT_ID]: _event, ...kept } = headers;
  let outcome: 'taken' | 'refused' | 'no session' = 'refused';
  let length = 0;
  const giveUp = upstream.send(
    endpoint,
    { method: 'POST', headers: kept, body, idleTimeoutMs: POST_TIMEOUT_MS },
    {
      onHead: (status) => {
        if (status >= 200 && status < 300) outcome = 'taken';
        else if (status === 404 || status === 410) outcome = 'no session';
      },
      onChunk: (chunk) => {
        length += chunk.length;
        if (length <= MAX_ANSWER_BYTES) return;
        giveUp();
        reject(new AppError('upstream_unavailable', 'the MCP server sent an answer that is too long'));
      },
      onEnd: () => resolve(outcome),
      onFailure: reject,
    },
  );
  return promise;
}
