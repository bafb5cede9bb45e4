import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto';
import { type PolicyDocument, SESSION_TOKEN_ISSUER, TOKEN_CLAIMS, serverAudience } from '@mcp-runtime/api';

/** Who calls what in a benchmark. */
export const SERVER = { namespace: 'mcp-servers', name: 'files' } as const;
export const PATH = '/files/mcp';
const AUDIENCE = serverAudience(SERVER.namespace, SERVER.name);
export const DENIAL = 'tool_not_granted';

const GRANTED = [
  ...[100, 1024, 10_240, 1_048_576].map((bytes) => `read-${bytes}`),
  'stream-100',
  'burst-100',
  'list-0',
  'slow-0',
];
const DENIED_TOOL = 'write';

/** Everybody may do everything, nobody has to say who they are: what the path costs without its features. */
export function openPolicy(): PolicyDocument {
  return {
    schema_version: 'v1',
    revision: 'bench-open',
    server: SERVER,
    auth: { mode: 'header' },
    policy: { mode: 'observe', default_decision: 'allow', enforce_on: 'call_tool', policy_version: 'v1' },
    session: { required: false },
    tools: [],
    grants: [],
    sessions: [],
  };
}

/** One caller with a session token, alone. */
export function smallPolicy(): PolicyDocument {
  return governed('bench-small', ['alice'], GRANTED);
}

/** The same caller among a thousand grants, a thousand tools and ten thousand sessions. */
export function largePolicy(): PolicyDocument {
  const others = Array.from({ length: 1000 }, (_, index) => String(index));
  const even = others.filter((_, index) => index % 2 === 0);
  return governed('bench-large', ['alice', ...others], [...GRANTED, DENIED_TOOL, ...others], [...GRANTED, ...even]);
}

function governed(
  revision: string,
  humans: readonly string[],
  tools: readonly string[],
  granted: readonly string[] = tools,
): PolicyDocument {
  return {
    schema_version: 'v1',
    revision,
    server: SERVER,
    auth: { mode: 'token' },
    policy: { mode: 'allow-list', default_decision: 'deny', enforce_on: 'all', policy_version: 'v1' },
    session: { required: true },
    tools: tools.map((name) => ({ name, required_trust: 'low', side_effect: 'read' })),
    grants: humans.map((human) => ({
      name: `grant-${human}`,
      namespace: SERVER.namespace,
      human_id: human,
      agent_id: 'agent',
      max_trust: 'high',
      allowed_side_effects: ['read'],
      tool_rules: (human === 'alice' ? granted : granted.slice(0, 2)).map((name) => ({ name, decision: 'allow' })),
    })),
    sessions: humans.flatMap((human) =>
      Array.from({ length: 10 }, (_, index) => ({
        name: `${human}-${index}`,
        namespace: SERVER.namespace,
        human_id: human,
        agent_id: 'agent',
        consented_trust: 'high',
      })),
    ),
  };
}

/** The same without the tool that everybody may use. */
export function withdrawn(document: PolicyDocument): PolicyDocument {
  const tools = document.tools?.filter(({ name }) => name !== GRANTED[0]) ?? [];
  return { ...document, revision: `${document.revision}-withdrawn`, tools };
}

export interface Issuer {
  readonly publicKey: Record<string, string>;
  /** A session token (RFC 7519, RFC 8037) for one of the ten sessions of a human. */
  readonly tokenFor: (human: string, session: number, audience?: string) => string;
}

export function anIssuer(lifeSeconds = 3600): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: { kty, crv, x, kid: 'bench', alg: 'EdDSA' },
    tokenFor: (human, session, audience = AUDIENCE) => aToken(privateKey, { human, session, audience, lifeSeconds }),
  };
}

interface TokenContent {
  readonly human: string;
  readonly session: number;
  readonly audience: string;
  readonly lifeSeconds: number;
}

function aToken(key: KeyObject, { human, session, audience, lifeSeconds }: TokenContent): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: SESSION_TOKEN_ISSUER,
    sub: human,
    aud: audience,
    iat: now,
    exp: now + lifeSeconds,
    [TOKEN_CLAIMS.use]: 'session',
    [TOKEN_CLAIMS.agent]: 'agent',
    [TOKEN_CLAIMS.session]: `${human}-${session}`,
    [TOKEN_CLAIMS.sessionNamespace]: SERVER.namespace,
  };
  const signed = `${encoded({ alg: 'EdDSA', typ: 'JWT', kid: 'bench' })}.${encoded(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
