import { X509Certificate, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { type Issued, issueAuthority, issueServer } from './certificate.ts';

/** What the webhook serves with, and what the API server trusts. All PEM. */
export interface ServingMaterial {
  /** Trusted authorities, the one that signs first; those before it stay until they end. */
  readonly authorities: readonly string[];
  readonly authorityKey: string;
  readonly certificate: string;
  readonly key: string;
}

export interface RotationRules {
  /** Names and addresses that the certificate is for, the main one first. */
  readonly hosts: readonly string[];
  readonly authorityLifeMs: number;
  readonly certificateLifeMs: number;
  /** How long an authority is published before a certificate of it is served: API servers learn of it within that time. */
  readonly settleMs: number;
}

const DAY = 24 * 3_600_000;

export const ROTATION: Omit<RotationRules, 'hosts'> = {
  authorityLifeMs: 730 * DAY,
  certificateLifeMs: 90 * DAY,
  settleMs: 3_600_000,
};

/** Clocks of other machines may be this much behind. */
export const SKEW_MS = 5 * 60_000;
const AUTHORITY = 'mcp-runtime webhook';

/** Authority and certificate at once: nobody is served yet. */
export function firstMaterial(rules: RotationRules, now: number): ServingMaterial {
  const authority = newAuthority(rules, now);
  return { authorities: [authority.certificate], authorityKey: authority.key, ...served(authority, rules, now) };
}

/**
 * What is to be served from now on, or undefined while all is well. Pure but for the new keys. One step at a time: a new
 * authority is published while the old certificate is still served, and signs only after it had time to be known. What
 * cannot be read, or has ended, is made anew at once.
 */
export function rotated(material: ServingMaterial, rules: RotationRules, now: number): ServingMaterial | undefined {
  const known = read(material);
  if (known === undefined || isOver(known.authority, now)) return firstMaterial(rules, now);
  const authorities = material.authorities.filter((pem) => !isOver(new X509Certificate(pem), now));
  const signer = { certificate: authorities[0] ?? '', key: material.authorityKey };
  const fits = rules.hosts.every((host) => isFor(known.certificate, host));
  if (!fits || isOver(known.certificate, now)) return { ...material, authorities, ...served(signer, rules, now) };
  if (isDue(known.authority, now)) {
    const next = newAuthority(rules, now);
    return { ...material, authorities: [next.certificate, ...authorities], authorityKey: next.key };
  }
  const isSettled = now - (known.authority.validFromDate.getTime() + SKEW_MS) >= rules.settleMs;
  if (isDue(known.certificate, now) && isSettled) return { ...material, authorities, ...served(signer, rules, now) };
  return authorities.length === material.authorities.length ? undefined : { ...material, authorities };
}

function newAuthority({ authorityLifeMs }: RotationRules, now: number): Issued {
  const name = `${AUTHORITY} ${randomBytes(4).toString('hex')}`;
  return issueAuthority(name, { notBefore: now - SKEW_MS, notAfter: now + authorityLifeMs });
}

function served(
  authority: Issued,
  { hosts, certificateLifeMs }: RotationRules,
  now: number,
): Pick<ServingMaterial, 'certificate' | 'key'> {
  const { subject, publicKey, validToDate } = new X509Certificate(authority.certificate);
  const issuer = { name: subject.replace(/^CN=/, ''), key: createPrivateKey(authority.key), publicKey };
  const notAfter = Math.min(now + certificateLifeMs, validToDate.getTime());
  return issueServer({ name: AUTHORITY, hosts }, { notBefore: now - SKEW_MS, notAfter }, issuer);
}

interface Known {
  readonly authority: X509Certificate;
  readonly certificate: X509Certificate;
}

/** Undefined unless the parts belong together. */
function read({ authorities, authorityKey, certificate, key }: ServingMaterial): Known | undefined {
  try {
    const [signer, ...before] = authorities.map((pem) => new X509Certificate(pem));
    const leaf = new X509Certificate(certificate);
    if (signer === undefined || !belongs(signer, authorityKey) || !belongs(leaf, key)) return undefined;
    return [signer, ...before].some((authority) => leaf.checkIssued(authority))
      ? { authority: signer, certificate: leaf }
      : undefined;
  } catch {
    return undefined;
  }
}

function belongs(certificate: X509Certificate, key: string): boolean {
  return certificate.publicKey.equals(createPublicKey(createPrivateKey(key)));
}

export function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIPv4(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}

/** In the last third of its life. */
export function isDue({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return now >= to - (to - from) / 3;
}

export function isOver({ validToDate }: X509Certificate, now: number): boolean {
  return now >= validToDate.getTime();
}
