import { AppError } from '@mcp-runtime/api';
import { SseSplitter, isResponse } from '@mcp-runtime/mcp';
import { mediaType } from '../headers.ts';
import { type AnswerHeaders, type Upstream, type UpstreamRequest } from '../upstream/port.ts';

export interface Asked {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** The body, or of an event stream the first response in it. */
  readonly text: string;
}

interface AskLimits {
  /** Milliseconds for the whole answer. */
  readonly deadlineMs: number;
  readonly maxBytes: number;
}

/** A question of the gateway's own to a server. Rejects with the failure, `upstream_timeout` at the deadline. */
export function ask(
  upstream: Pick<Upstream, 'send'>,
  target: URL,
  request: Omit<UpstreamRequest, 'idleTimeoutMs'>,
  { deadlineMs, maxBytes }: AskLimits,
): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>();
  const chunks: Buffer[] = [];
  const splitter = new SseSplitter(maxBytes);
  let head: { readonly status: number; readonly headers: AnswerHeaders; readonly isEvents: boolean } | undefined;
  let length = 0;
  const end = (text: string): void => {
    if (head !== undefined) resolve({ status: head.status, headers: head.headers, text });
  };
  const fail = (error: AppError): void => {
    giveUp();
    reject(error);
  };
  const giveUp = upstream.send(
    target,
    { ...request, idleTimeoutMs: deadlineMs },
    {
      onHead: (status, headers) => {
        head = { status, headers, isEvents: mediaType(headers) === 'text/event-stream' };
      },
      onChunk: (chunk) => {
        length += chunk.length;
        if (length > maxBytes)
          fail(new AppError('upstream_unavailable', 'the MCP server sent an answer that is too long'));
        else if (head?.isEvents !== true) chunks.push(chunk);
        else {
          const answer = splitter.push(chunk).find(({ data }) => data !== '' && isResponse(data));
          if (answer === undefined) return;
          giveUp();
          end(answer.data);
        }
      },
      onEnd: () => end(Buffer.concat(chunks).toString('utf8')),
      onFailure: reject,
    },
  );
  const late = setTimeout(
    () => fail(new AppError('upstream_timeout', 'the MCP server did not answer in time')),
    deadlineMs,
  );
  return promise.finally(() => clearTimeout(late));
}
