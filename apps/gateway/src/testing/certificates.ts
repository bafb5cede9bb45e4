import { type KeyObject, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, both PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  /** PEM. */
  readonly cert: string;
  issue(names: TestNames): TestCertificate;
}

interface TestNames {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  /** Validity ends then; in a day unless given. */
  readonly notAfter?: Date;
}

const DAY_MS = 24 * 60 * 60_000;

/** An authority made for one test (RFC 5280), ECDSA on P-256. */
export function createTestAuthority(name = 'test authority'): TestAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = { subject: name, issuer: name, publicKey, signingKey: privateKey, notAfter: inOneDay() };
  return {
    cert: certificateOf({ ...self, extensions: [extension(OID.basicConstraints, sequence(TRUE))] }),
    issue: ({ uris = [], dns = [], notAfter = inOneDay() }) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = [...dns.map((one) => tag(0x82, ascii(one))), ...uris.map((one) => tag(0x86, ascii(one)))];
      const extensions = names.length === 0 ? [] : [extension(OID.subjectAltName, sequence(...names))];
      const leaf = { subject: 'leaf', issuer: name, publicKey: pair.publicKey, signingKey: privateKey, notAfter };
      return { cert: certificateOf({ ...leaf, extensions }), key: pemOf(pair.privateKey) };
    },
  };
}

function inOneDay(): Date {
  return new Date(Date.now() + DAY_MS);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}

const OID = {
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
  commonName: Buffer.from('0603550403', 'hex'),
  subjectAltName: Buffer.from('0603551d11', 'hex'),
  basicConstraints: Buffer.from('0603551d13', 'hex'),
} as const;

const TRUE = Buffer.from('0101ff', 'hex');

interface Contents {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly notAfter: Date;
  readonly extensions: readonly Buffer[];
}

function certificateOf({ subject, issuer, publicKey, signingKey, notAfter, extensions }: Contents): string {
  const began = new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS);
  const toSign = sequence(
    tag(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    sequence(OID.ecdsaWithSha256),
    nameOf(issuer),
    sequence(utcTime(began), utcTime(notAfter)),
    nameOf(subject),
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [tag(0xa3, sequence(...extensions))]),
  );
  const signature = sign('sha256', toSign, signingKey);
  const whole = sequence(toSign, sequence(OID.ecdsaWithSha256), bitString(signature));
  const lines = whole.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function extension(oid: Buffer, value: Buffer): Buffer {
  return sequence(oid, tag(0x04, value));
}

function nameOf(text: string): Buffer {
  return sequence(tag(0x31, sequence(OID.commonName, tag(0x0c, Buffer.from(text)))));
}

/** `YYMMDDHHMMSSZ`, for the years up to 2049 (RFC 5280 §4.1.2.5.1). */
function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\.\d+|[-:TZ]/g, '');
  return tag(0x17, ascii(`${digits.slice(2)}Z`));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function integer(bytes: Buffer): Buffer {
  return tag(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return tag(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Tag, length and value (X.690 §8.1). */
function tag(of: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([of, length]), value]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([of, ...size]), value]);
}
