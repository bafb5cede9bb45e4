import { isLoopbackAddress } from '@mcp-runtime/base';
import { type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { NoSuchDocument, fetchJson } from '../outbound/fetch-json.ts';
import { ANYWHERE, PUBLIC_ONLY } from '../outbound/reach.ts';

const DOCUMENTS = ['oauth-authorization-server', 'openid-configuration'] as const;

const Metadata = z.object({ issuer: z.string(), jwks_uri: z.string().trim().min(1) });

const PublicKey = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) });
const KeySet = z.object({ keys: z.array(z.unknown()) });

/** Finds and reads the public keys of an issuer (RFC 8414, OpenID Connect Discovery). Rejects when that is not possible. */
export async function readIssuerKeys(issuer: string, signal: AbortSignal): Promise<JSONWebKeySet> {
  const url = issuerUrl(issuer);
  const jwksUri = keysUrl(await findMetadata(issuer, url, signal), url);
  // The operator chose the issuer, so its host may be anywhere; any other host is the word of a document.
  const reach = jwksUri.hostname === url.hostname ? ANYWHERE : PUBLIC_ONLY;
  const { keys } = KeySet.parse(await fetchJson(jwksUri, { reach, signal }));
  // Keys of a kind that we do not know are left out (RFC 7517 §5).
  return { keys: keys.flatMap((key) => PublicKey.safeParse(key).data ?? []) };
}

function issuerUrl(issuer: string): URL {
  const url = URL.parse(issuer);
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new Error('the issuer is not a URL without query, fragment and user');
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackAddress(url.hostname))) return url;
  throw new Error('the issuer is not an https URL');
}

/** Only `NoSuchDocument` lets the next place be tried: a host that does not answer is asked once. */
async function findMetadata(issuer: string, url: URL, signal: AbortSignal): Promise<z.infer<typeof Metadata>> {
  const faults: unknown[] = [];
  for (const place of metadataUrls(url)) {
    try {
      const metadata = Metadata.safeParse(await fetchJson(place, { reach: ANYWHERE, signal }));
      // RFC 8414 §3.3: metadata of another issuer must not be used.
      if (metadata.success && metadata.data.issuer === issuer) return metadata.data;
      faults.push(new Error(`\`${place.href}\` is not the metadata of this issuer`));
    } catch (error) {
      if (!(error instanceof NoSuchDocument)) throw error;
      faults.push(error);
    }
  }
  throw new AggregateError(faults, faults.map(String).join('; '));
}

/** Appended as OpenID Connect does, then inserted before the path as RFC 8414 §3.1 does. */
function metadataUrls(issuer: URL): readonly URL[] {
  const path = issuer.pathname.replace(/\/+$/, '');
  const appended = DOCUMENTS.map((name) => new URL(`${issuer.origin}${path}/.well-known/${name}`));
  const inserted = DOCUMENTS.map((name) => new URL(`${issuer.origin}/.well-known/${name}${path}`));
  return path === '' ? appended : [...appended, ...inserted];
}

function keysUrl(metadata: z.infer<typeof Metadata>, issuer: URL): URL {
  const url = URL.parse(metadata.jwks_uri);
  const isAllowed = url !== null && (url.protocol === 'https:' || url.origin === issuer.origin);
  if (!isAllowed) throw new Error(`\`${metadata.jwks_uri}\` is neither https nor of the issuer's origin`);
  return url;
}
