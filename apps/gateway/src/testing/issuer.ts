import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import { SignJWT, exportJWK } from 'jose';
import { listenOn } from '@mcp-runtime/base';
import { sendJson } from './upstream.ts';

type Serve = (response: ServerResponse) => void;

/** An OAuth issuer: metadata, public keys, and tokens for whoever asks. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
  /** What is served, by path; a test adds, replaces and removes. */
  readonly documents: Map<string, Serve>;
  /** An access token of Alice's agent for `audience`, unless `change` says otherwise. */
  token(audience: string, change?: TokenChange): Promise<string>;
  /** Takes new keys and withdraws the old ones. */
  rotate(): Promise<void>;
}

export interface TokenChange {
  /** One that is `undefined` is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject | Uint8Array;
}

const KEYS_PATH = '/keys';
const LIFE_SECONDS = 600;

/** `path` is that of the issuer's URL, such as `/tenant`. */
export async function startTestIssuer({ path = '' }: { readonly path?: string } = {}): Promise<TestIssuer> {
  const asked: string[] = [];
  const documents = new Map<string, Serve>();
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const serve = documents.get(url);
    if (serve === undefined) response.writeHead(404).end();
    else serve(response);
  });
  const port = await listenOn(server);
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}${path}`;
  documents.set(`${path}/.well-known/oauth-authorization-server`, (response) =>
    sendJson(response, { issuer: url, jwks_uri: `${origin}${KEYS_PATH}` }),
  );
  let keyId = 0;
  let signingKey: KeyObject;
  const rotate = async (): Promise<void> => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    signingKey = privateKey;
    keyId += 1;
    const keys = [{ ...(await exportJWK(publicKey)), kid: `k${keyId}`, use: 'sig' }];
    documents.set(KEYS_PATH, (response) => sendJson(response, { keys }));
  };
  await rotate();
  return {
    url,
    asked,
    documents,
    rotate,
    token: (audience, { claims = {}, header = {}, key = signingKey } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const life = { iat: now, exp: now + LIFE_SECONDS };
      const said = { iss: url, aud: audience, sub: 'alice', azp: 'agent', sid: 's1', ...life, ...claims };
      return new SignJWT(said).setProtectedHeader({ alg: 'ES256', kid: `k${keyId}`, ...header }).sign(key);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
