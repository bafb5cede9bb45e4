import {
  ANONYMOUS,
  type AuditEvent,
  SESSION_TOKEN_ISSUER,
  SessionTokenKeys,
  TOKEN_CLAIMS,
  installationIssuer,
  serverAudience,
} from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import {
  DEFAULT_LIMITS,
  type Gateway,
  type GatewayLimits,
  holdPolicy,
  holdTokenKeys,
  startGateway,
} from '@mcp-runtime/gateway';
import { compilePolicy } from '@mcp-runtime/policy';
import { type KeyObject, createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { type CREDENTIALS } from './corpus.ts';
import { LAB_DOCUMENT } from './lab-document.ts';
import { type Respond, type SpyServer, startSpyServer } from './spy-server.ts';

type Credential = (typeof CREDENTIALS)[number];

/** A gateway in this process with one server behind it that keeps what it sees, and an audit log in memory. */
export interface Lab extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly server: SpyServer;
  readonly events: readonly AuditEvent[];
  /** Address of the server on the gateway. */
  readonly url: string;
  token(credential: Credential): string | undefined;
  /** A POST of the agent that may call `read_graph`. */
  post(body: string | object, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

interface LabOptions {
  readonly respond?: Respond;
  /** A server in place of the one that keeps what it sees. */
  readonly upstream?: URL;
  readonly limits?: Partial<GatewayLimits>;
}

export async function startLab({ respond, upstream, limits = {} }: LabOptions = {}): Promise<Lab> {
  await using opened = new AsyncDisposableStack();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const server = opened.use(await startSpyServer(respond));
  const events: AuditEvent[] = [];
  const gateway = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    trustHeadersFrom: [],
    allowedHosts: [],
    allowedOrigins: [],
    tokenKeys: holdTokenKeys(
      SessionTokenKeys.parse({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID }] }),
    ),
    audit: { append: async (event) => void events.push(event), state: () => 'writable', redact: (value) => value },
    limits: { ...DEFAULT_LIMITS, ...limits },
    clock: () => Date.now(),
    log: silentLogger,
  });
  opened.defer(() => gateway.close());
  const policy = holdPolicy();
  policy.publish(compilePolicy(LAB_DOCUMENT));
  gateway.routes.set({
    path: '/memory/mcp',
    key: { namespace: 'default', name: 'memory' },
    upstream: upstream ?? server.url,
    policy,
    audit: { arguments: 'none', strict: true },
    eventSource: 'memory-gateway',
  });
  const url = `${gateway.url}/memory/mcp`;
  const token = (credential: Credential): string | undefined => tokenOf(credential, privateKey);
  const owned = opened.move();
  return {
    gateway,
    server,
    events,
    url,
    token,
    post: (body, headers = {}) =>
      fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          authorization: `Bearer ${token('valid')}`,
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const KEY_ID = 'lab';

interface Forgery {
  readonly header?: object;
  /** A member that is undefined is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signed?: (input: string, key: KeyObject) => string;
}

const FORGERIES: Readonly<Record<Exclude<Credential, 'none'>, Forgery>> = {
  valid: {},
  stranger: { claims: { sub: 'mallory', [TOKEN_CLAIMS.agent]: 'mallet', [TOKEN_CLAIMS.session]: 'theirs' } },
  expired: { claims: { exp: secondsFromNow(-60) } },
  'not yet valid': { claims: { nbf: secondsFromNow(600) } },
  'revoked session': { claims: { [TOKEN_CLAIMS.session]: 'revoked' } },
  'unknown session': { claims: { [TOKEN_CLAIMS.session]: 'nobody-opened-this' } },
  'other server': { claims: { aud: serverAudience('default', 'files') } },
  'other issuer': { claims: { iss: 'https://issuer.example' } },
  'other key': { signed: (input) => signedBy(input, generateKeyPairSync('ed25519').privateKey) },
  unsigned: { header: { alg: 'none' }, signed: () => '' },
  'signed with the public key': {
    header: { alg: 'HS256' },
    signed: (input, key) =>
      createHmac('sha256', createPublicKey(key).export({ format: 'pem', type: 'spki' }))
        .update(input)
        .digest('base64url'),
  },
  'signature cut': { signed: (input, key) => signedBy(input, key).slice(0, -4) },
  'claims swapped': { signed: (_, key) => signedBy('another.token', key) },
  'no expiry': { claims: { exp: undefined } },
  'no use': { claims: { [TOKEN_CLAIMS.use]: undefined } },
  'other installation': { claims: { iss: installationIssuer('another') } },
  'bound to a key': { claims: { [TOKEN_CLAIMS.confirmation]: { jkt: 'x'.repeat(43) } } },
  'bound to a certificate': { claims: { [TOKEN_CLAIMS.confirmation]: { 'x5t#S256': 'x'.repeat(43) } } },
  'bound to what nobody knows': { claims: { [TOKEN_CLAIMS.confirmation]: { kid: 'x' } } },
  anonymous: { claims: { sub: ANONYMOUS, [TOKEN_CLAIMS.session]: 'anonymous' } },
};

function tokenOf(credential: Credential, key: KeyObject): string | undefined {
  if (credential === 'none') return undefined;
  const { header = {}, claims = {}, signed = signedBy } = FORGERIES[credential];
  const parts = [
    { alg: 'EdDSA', kid: KEY_ID, typ: 'JWT', ...header },
    {
      iss: SESSION_TOKEN_ISSUER,
      sub: 'alice',
      aud: serverAudience('default', 'memory'),
      iat: secondsFromNow(-10),
      exp: secondsFromNow(600),
      [TOKEN_CLAIMS.use]: 'session',
      [TOKEN_CLAIMS.agent]: 'agent',
      [TOKEN_CLAIMS.session]: 'live',
      [TOKEN_CLAIMS.sessionNamespace]: 'default',
      ...claims,
    },
  ];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${signed(input, key)}`;
}

function signedBy(input: string, key: KeyObject): string {
  return sign(null, Buffer.from(input), key).toString('base64url');
}

function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
