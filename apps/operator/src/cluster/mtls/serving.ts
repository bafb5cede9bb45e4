import { X509Certificate, createECDH, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { issueServer } from '../webhook/certificate/certificate.ts';
import { SKEW_MS, isDue, isFor } from '../webhook/certificate/rotation.ts';
import { type AuthorityMaterial, signerOf } from './authority.ts';

const KEY_BYTES = 32;
const PURPOSE = 'mcp-runtime key of a gateway with TLS';
/** A certificate is new long before the old one ends, and a stolen one is of use for a day at most. */
const LIFE_MS = 24 * 3_600_000;

/** What a gateway with TLS serves with. */
export interface Serving {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
  /** PEM of all authorities that vouch for gateways, and for callers. */
  readonly trusted: string;
  /** When another certificate is due, milliseconds since the epoch. */
  readonly renewAt: number;
}

/**
 * The certificate that a gateway has, where it is still good for these hosts, and another one otherwise. The key follows from
 * the seed of the authority (RFC 5869), so that whoever signs knows it and nobody has to read it.
 */
export function servingFor(
  { id, hosts }: { readonly id: string; readonly hosts: readonly string[] },
  authority: AuthorityMaterial,
  before: string | undefined,
  now: number,
): Serving {
  const privateKey = derivedKey(authority.seed, id);
  const certificate = isGood(before, { privateKey, hosts, authority, now }) ? before : issue();

  function issue(): string {
    const end = new X509Certificate(authority.current.certificate).validToDate.getTime();
    const validity = { notBefore: now - SKEW_MS, notAfter: Math.min(now + LIFE_MS, end) };
    return issueServer({ name: 'mcp-runtime gateway', hosts, privateKey }, validity, signerOf(authority.current))
      .certificate;
  }

  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificate,
    trusted: authority.trusted.join(''),
    renewAt: to - (to - from) / 3,
  };
}

interface Wanted {
  readonly privateKey: KeyObject;
  readonly hosts: readonly string[];
  readonly authority: AuthorityMaterial;
  readonly now: number;
}

function isGood(pem: string | undefined, { privateKey, hosts, authority, now }: Wanted): pem is string {
  if (pem === undefined) return false;
  try {
    const certificate = new X509Certificate(pem);
    return (
      !isDue(certificate, now) &&
      certificate.publicKey.equals(createPublicKey(privateKey)) &&
      hosts.every((host) => isFor(certificate, host)) &&
      authority.trusted.some((one) => certificate.verify(new X509Certificate(one).publicKey))
    );
  } catch {
    return false;
  }
}

/** A key of P-256 (FIPS 186-5): a number that is none, which does not happen in practice, gives way to the next one. */
function derivedKey(seed: string, id: string): KeyObject {
  for (let attempt = 0; ; attempt += 1) {
    const secret = Buffer.from(
      hkdfSync('sha256', Buffer.from(seed, 'base64url'), '', `${PURPOSE} ${id} ${attempt}`, KEY_BYTES),
    );
    const curve = createECDH('prime256v1');
    try {
      curve.setPrivateKey(secret);
    } catch {
      continue;
    }
    const point = curve.getPublicKey();
    const [x, y] = [point.subarray(1, 1 + KEY_BYTES), point.subarray(1 + KEY_BYTES)].map((part) =>
      part.toString('base64url'),
    );
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      d: secret.toString('base64url'),
      ...(x === undefined ? {} : { x }),
      ...(y === undefined ? {} : { y }),
    };
    return createPrivateKey({ key: jwk, format: 'jwk' });
  }
}
