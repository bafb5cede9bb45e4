import { type KeyObject, createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bits, objectId, octets, sequence, setOf, tagged, time, unsigned, utf8, yes } from './der.ts';

/** X.509 certificates of one shape: an authority, and servers under it (RFC 5280; keys and signatures RFC 5480, RFC 5758). */

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface Authority {
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

interface Validity {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const VERSION_3 = tagged(0xa0, unsigned(Buffer.of(2)));
const SIGNATURE = sequence(objectId(OID.ecdsaWithSha256));
const SERIAL_BYTES = 16;

/** Signs itself; may sign servers, no further authorities. */
export function issueAuthority(name: string, validity: Validity): Issued {
  const { privateKey, publicKey } = newKeys();
  const signCertificates = bits(Buffer.of(0b0000_0110), 1);
  const extensions = [
    extension(OID.basicConstraints, sequence(yes(), unsigned(Buffer.of(0))), 'critical'),
    extension(OID.keyUsage, signCertificates, 'critical'),
    extension(OID.subjectKeyId, octets(keyIdOf(publicKey))),
  ];
  const issuer = { name, key: privateKey, publicKey };
  return { certificate: certify({ name, publicKey, validity, extensions }, issuer), key: pem(privateKey) };
}

export interface ServerSubject {
  /** For people: clients read the hosts. */
  readonly name: string;
  /** DNS names and IPv4 addresses. */
  readonly hosts: readonly string[];
  /** A new one unless given. */
  readonly privateKey?: KeyObject;
}

export function issueServer(subject: ServerSubject, validity: Validity, issuer: Authority): Issued {
  const { name, hosts, privateKey = newKeys().privateKey } = subject;
  const publicKey = createPublicKey(privateKey);
  const digitalSignature = bits(Buffer.of(0b1000_0000), 7);
  const extensions = [
    extension(OID.basicConstraints, sequence(), 'critical'),
    extension(OID.keyUsage, digitalSignature, 'critical'),
    extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))),
    extension(OID.subjectAltName, sequence(...hosts.map(generalName))),
    extension(OID.authorityKeyId, sequence(tagged(0x80, keyIdOf(issuer.publicKey)))),
  ];
  return { certificate: certify({ name, publicKey, validity, extensions }, issuer), key: pem(privateKey) };
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}

function certify({ name, publicKey, validity, extensions }: Subject, issuer: Authority): string {
  const content = sequence(
    VERSION_3,
    unsigned(randomBytes(SERIAL_BYTES)),
    SIGNATURE,
    distinguishedName(issuer.name),
    sequence(time(validity.notBefore), time(validity.notAfter)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const certificate = sequence(content, SIGNATURE, bits(sign('sha256', content, issuer.key)));
  const lines = certificate.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function newKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function distinguishedName(commonName: string): Buffer {
  return sequence(setOf(sequence(objectId(OID.commonName), utf8(commonName))));
}

function generalName(host: string): Buffer {
  if (isIPv4(host)) return tagged(0x87, Buffer.from(host.split('.').map(Number)));
  return tagged(0x82, Buffer.from(host, 'ascii'));
}

function extension(id: string, value: Buffer, critical?: 'critical'): Buffer {
  return sequence(objectId(id), ...(critical === undefined ? [] : [yes()]), octets(value));
}

/** RFC 7093 §2, method 1. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest().subarray(0, 20);
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}
