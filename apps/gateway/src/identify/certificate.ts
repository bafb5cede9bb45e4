import { type IncomingMessage } from 'node:http';
import { HEADERS, parseSessionSpiffeId } from '@mcp-runtime/api';
import { type Policy, sessionSubject } from '@mcp-runtime/policy';
import { type Peer } from '../tls/peer.ts';
import { type Identified, refuse } from './caller.ts';
import { isOnly } from './hops.ts';
import { identifySession } from './session.ts';

interface CertificatePorts {
  /** Undefined where no certificate was shown, or the one shown does not count. */
  readonly peer: Peer | undefined;
  readonly proxy: string | undefined;
  readonly now: number;
}

/**
 * Who calls, by the client certificate: an agent session, or the declared proxy, which says in a header whose certificate it
 * verified. Where a proxy is declared, nobody else is heard. Identity headers count for nothing.
 */
export function identifyByCertificate(request: IncomingMessage, policy: Policy, ports: CertificatePorts): Identified {
  const { peer, proxy, now } = ports;
  if (peer === undefined) return refuse('missing_client_certificate', 'the server asks for a client certificate');
  const id = proxy === undefined ? ownId(request, peer) : idBehindProxy(request, peer, proxy);
  if (typeof id !== 'string') return id;
  const session = parseSessionSpiffeId(id, policy.document.auth?.trust_domain ?? '');
  if (session === undefined) {
    return refuse('invalid_spiffe_identity', 'the certificate is not that of a session of the trust domain');
  }
  const nobody = { human: '', agent: '', team: '' };
  return identifySession(
    { ...(sessionSubject(policy, session) ?? nobody), session },
    { policy, now, by: 'certificate' },
  );
}

const VERIFIED = HEADERS.verifiedSpiffeId.toLowerCase();

/** An X.509-SVID has exactly one URI name (SPIFFE X.509-SVID specification §2). */
function ownId(request: IncomingMessage, { uris }: Peer): string | Identified {
  if (request.headers[VERIFIED] !== undefined) {
    return refuse('untrusted_proxy', 'a verified identity counts only from a proxy that is declared');
  }
  const [id, ...others] = uris ?? [];
  if (id !== undefined && others.length === 0) return id;
  return refuse('invalid_spiffe_identity', 'the certificate must have exactly one URI name');
}

function idBehindProxy(request: IncomingMessage, { uris }: Peer, proxy: string): string | Identified {
  if (!isOnly(uris, proxy)) return refuse('untrusted_proxy', 'the connection is not that of the declared proxy');
  const [id = '', ...others] = request.headersDistinct[VERIFIED] ?? [];
  if (id.trim() === '') return refuse('missing_verified_identity', 'the proxy passed on no verified identity');
  if (others.length === 0) return id.trim();
  return refuse('invalid_spiffe_identity', 'the verified identity is there twice');
}
