import {
  type AuditEvent,
  type PolicyDocument,
  SESSION_TOKEN_ISSUER,
  SessionTokenKeys,
  TOKEN_CLAIMS,
  serverAudience,
} from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { compilePolicy } from '@mcp-runtime/policy';
import { type CryptoKey, SignJWT, exportJWK, generateKeyPair } from 'jose';
import { type AuditSink } from '../record/audit.ts';
import { startGateway } from '../gateway.ts';
import { DEFAULT_LIMITS, type Gateway, type GatewayOptions } from '../options.ts';
import { holdTokenKeys } from '../identify/token-keys.ts';
import { type PolicyHolder, holdPolicy } from '../policy-source/holder.ts';
import { type Answer, type TestUpstream, sendJson, startTestUpstream } from './upstream.ts';

/** A gateway with one route, a server behind it, and an audit sink that keeps events in memory. */
export interface Bench extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly upstream: TestUpstream;
  readonly policy: PolicyHolder;
  readonly events: readonly AuditEvent[];
  readonly url: string;
  token(claims?: Readonly<Record<string, string>>, life?: { readonly ttlSeconds: number }): Promise<string>;
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

interface BenchOptions {
  readonly answer: Answer;
  readonly document?: PolicyDocument | undefined;
  /** Path of the route; `/files/mcp` unless given. */
  readonly path?: string;
  readonly options?: Partial<GatewayOptions>;
  readonly audit?: Partial<AuditSink>;
  readonly strict?: 'strict';
  readonly keepArguments?: 'redacted';
  /** Whether the test answers when the gateway asks the server which eras it speaks. */
  readonly probes?: 'answered' | 'seen';
}

export async function startBench(given: BenchOptions): Promise<Bench> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const keys = SessionTokenKeys.parse({ keys: [{ ...(await exportJWK(publicKey)), kid: 'test' }] });
  const events: AuditEvent[] = [];
  const gateway = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    trustHeadersFrom: [],
    allowedHosts: [],
    allowedOrigins: [],
    tokenKeys: holdTokenKeys(keys),
    audit: {
      append: async (event) => void events.push(event),
      state: () => 'writable',
      redact: (value) => value,
      ...given.audit,
    },
    limits: DEFAULT_LIMITS,
    clock: () => Date.now(),
    log: silentLogger,
    ...given.options,
  });
  const upstream = await startTestUpstream(given.answer, given.probes);
  const policy = holdPolicy();
  const { path = '/files/mcp' } = given;
  if (given.document !== undefined) policy.publish(compilePolicy(given.document));
  gateway.routes.set({
    path,
    key: { namespace: 'mcp-servers', name: 'files' },
    upstream: upstream.url,
    policy,
    audit: { arguments: given.keepArguments ?? 'none', strict: given.strict !== undefined },
    eventSource: 'files-gateway',
  });
  const url = `${gateway.url}${path}`;
  return {
    gateway,
    upstream,
    policy,
    events,
    url,
    token: (claims = {}, life = { ttlSeconds: 600 }) => signToken(privateKey, claims, life.ttlSeconds),
    post: (body, headers = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

function signToken(key: CryptoKey, claims: Readonly<Record<string, string>>, ttlSeconds: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    sub: 'alice',
    aud: serverAudience('mcp-servers', 'files'),
    [TOKEN_CLAIMS.use]: 'session',
    [TOKEN_CLAIMS.agent]: 'agent',
    [TOKEN_CLAIMS.session]: 's1',
    [TOKEN_CLAIMS.sessionNamespace]: 'mcp-servers',
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'test', typ: 'JWT' })
    .setIssuer(claims['iss'] ?? SESSION_TOKEN_ISSUER)
    .setIssuedAt(now)
    .setExpirationTime(now + ttlSeconds)
    .sign(key);
}

type Grant = NonNullable<PolicyDocument['grants']>[number];

/** A server with one tool of each kind; Alice's agent may read and holds a live session. */
export function testDocument(change: Partial<PolicyDocument> = {}, grant: Partial<Grant> = {}): PolicyDocument {
  return {
    schema_version: 'v1',
    revision: 'r1',
    server: { name: 'files', namespace: 'mcp-servers' },
    auth: { mode: 'token' },
    policy: {
      mode: 'allow-list',
      default_decision: 'deny',
      enforce_on: 'all',
      policy_version: 'v1',
      denials: 'explain',
    },
    session: { required: true },
    tools: [
      { name: 'read', required_trust: 'low', side_effect: 'read' },
      { name: 'write', required_trust: 'low', side_effect: 'write' },
      { name: 'undeclared', required_trust: 'low' },
    ],
    grants: [
      {
        name: 'g1',
        namespace: 'mcp-servers',
        human_id: 'alice',
        agent_id: 'agent',
        max_trust: 'high',
        allowed_side_effects: ['read'],
        ...grant,
      },
    ],
    sessions: [{ name: 's1', namespace: 'mcp-servers', human_id: 'alice', agent_id: 'agent', consented_trust: 'high' }],
    ...change,
  };
}

export function callOf(name: string, id: string | number = 1): object {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { path: 'a' } } };
}

export const OK_RESULT = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'ok' }] } };

export const answersOk: Answer = (_, response) => sendJson(response, OK_RESULT);
