import { HEADERS } from '@mcp-runtime/api';
import { type Upstream } from '../../upstream/port.ts';
import { type UpstreamEras } from '../upstream-eras.ts';
import { type HttpSse } from '../ways.ts';

const SESSION_ID = HEADERS.mcpSessionId.toLowerCase();

interface LegacyServersParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly httpSse: Pick<HttpSse, 'send' | 'owns'>;
  readonly eras: Pick<UpstreamEras, 'known'>;
}

/** Legacy servers of both transports, for those who speak Streamable HTTP to them. */
export function legacyServers({ upstream, httpSse, eras }: LegacyServersParts): Pick<Upstream, 'send'> {
  return {
    send: (target, request, receiver) => {
      const isHttpSse = httpSse.owns(request.headers[SESSION_ID]) || eras.known(target).legacy === 'http-sse';
      return (isHttpSse ? httpSse : upstream).send(target, request, receiver);
    },
  };
}
