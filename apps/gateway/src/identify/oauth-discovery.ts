import { isLoopbackAddress } from '@mcp-runtime/base';
import { type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { NoSuchDocument, fetchJson } from '../outbound/fetch-json.ts';
import { ANYWHERE, PUBLIC_ONLY, type Reach } from '../outbound/reach.ts';

const DOCUMENTS = ['oauth-authorization-server', 'openid-configuration'] as const;

const place = z.string().trim().min(1);
const KeysMetadata = z.object({ issuer: z.string(), jwks_uri: place });
/** RFC 8414 §2. */
const IntrospectionMetadata = z.object({ issuer: z.string(), introspection_endpoint: place });

const PublicKey = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) });
const KeySet = z.object({ keys: z.array(z.unknown()) });

/** Finds and reads the public keys of an issuer (RFC 8414, OpenID Connect Discovery). Rejects when that is not possible. */
export async function readIssuerKeys(issuer: string, signal: AbortSignal): Promise<JSONWebKeySet> {
  const url = issuerUrl(issuer);
  const { jwks_uri } = await findMetadata(issuer, { url, schema: KeysMetadata, signal });
  const place = namedPlace(jwks_uri, url);
  const { keys } = KeySet.parse(await fetchJson(place.url, { reach: place.reach, signal }));
  // Keys of a kind that we do not know are left out (RFC 7517 §5).
  return { keys: keys.flatMap((key) => PublicKey.safeParse(key).data ?? []) };
}

/** Something of an issuer, and which addresses it may have. */
export interface IssuerPlace {
  readonly url: URL;
  readonly reach: Reach;
}

/** Finds where an issuer is asked about tokens (RFC 7662). Rejects when its metadata do not say it. */
export async function findIntrospection(issuer: string, signal: AbortSignal): Promise<IssuerPlace> {
  const url = issuerUrl(issuer);
  const metadata = await findMetadata(issuer, { url, schema: IntrospectionMetadata, signal });
  return namedPlace(metadata.introspection_endpoint, url);
}

/** The place that the operator chose. @throws when a secret must not be sent there. */
export function introspectionAt(text: string): IssuerPlace {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackAddress(url.hostname)))
    return { url, reach: ANYWHERE };
  throw new Error('the introspection URL is not an https URL');
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
async function findMetadata<T extends { readonly issuer: string }>(
  issuer: string,
  { url, schema, signal }: { readonly url: URL; readonly schema: z.ZodType<T>; readonly signal: AbortSignal },
): Promise<T> {
  const faults: unknown[] = [];
  for (const place of metadataUrls(url)) {
    try {
      const metadata = schema.safeParse(await fetchJson(place, { reach: ANYWHERE, signal }));
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

/** The operator chose the issuer, so its host may be anywhere; any other host is the word of a document. */
function namedPlace(text: string, issuer: URL): IssuerPlace {
  const url = URL.parse(text);
  const isAllowed = url !== null && (url.protocol === 'https:' || url.origin === issuer.origin);
  if (!isAllowed) throw new Error(`\`${text}\` is neither https nor of the issuer's origin`);
  return { url, reach: url.hostname === issuer.hostname ? ANYWHERE : PUBLIC_ONLY };
}
