/** What somebody wrote as `spec`, right or wrong: for the schemas here, and for an API server that has the definitions. */
export interface SpecRow {
  readonly id: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Path of the only issue; undefined where the value is valid. */
  readonly fault?: string;
}

export const IMAGE = { image: 'example.com/a' };
export const TOOL = { name: 't', sideEffect: 'read' };
export const ACCESS = { serverRef: { name: 'a' }, subject: { humanID: 'h' } };
const MTLS = { ...IMAGE, auth: { mode: 'mtls', trustDomain: 'd' }, gateway: { enabled: true } };
export const GATEWAY = { ...IMAGE, gateway: { enabled: true } };
const NPM = { package: 'a', version: '1.0.0' };
const CANARY = { ...IMAGE, replicas: 3 };
const canary = (canaryReplicas?: number) => ({ strategy: 'Canary', canaryReplicas });

const OAUTH = {
  mode: 'oauth',
  issuerURL: 'https://i',
  requiredScopes: ['mcp'],
  sideEffectScopes: { write: ['files:write'] },
  claims: { human: 'email', team: '/org/team' },
  introspection: { clientID: 'gateway', clientSecretRef: { name: 'issuer', key: 'secret' } },
};

export const SERVER_SPECS: readonly SpecRow[] = [
  { id: 'blank image', spec: { image: ' ' }, fault: 'source' },
  { id: 'image and source', spec: { ...IMAGE, source: { url: 'http://x' } }, fault: 'source' },
  { id: 'two sources', spec: { source: { url: 'http://x', image: 'x' } }, fault: 'source' },
  { id: 'team with white space', spec: { ...IMAGE, teamID: 'a b' }, fault: 'teamID' },
  { id: 'team of 129 characters', spec: { ...IMAGE, teamID: 'a'.repeat(129) }, fault: 'teamID' },
  { id: 'port of the gateway', spec: { ...GATEWAY, port: 8091 }, fault: 'port' },
  { id: 'port of a gateway that is off', spec: { ...IMAGE, port: 8091, gateway: {} } },
  { id: 'port out of range', spec: { ...IMAGE, port: 65_536 }, fault: 'port' },
  { id: 'oauth without issuer', spec: { ...GATEWAY, auth: { mode: 'oauth' } }, fault: 'auth.issuerURL' },
  { id: 'oauth with issuer', spec: { ...GATEWAY, auth: { mode: 'oauth', issuerURL: 'https://i' } } },
  { id: 'scopes, claims and introspection', spec: { ...IMAGE, auth: OAUTH } },
  { id: 'scopes without oauth', spec: { ...IMAGE, auth: { requiredScopes: ['a'] } }, fault: 'auth.mode' },
  {
    id: 'scope with a quote',
    spec: { ...IMAGE, auth: { ...OAUTH, requiredScopes: ['a"'] } },
    fault: 'auth.requiredScopes.0',
  },
  { id: 'scopes of a tool', spec: { ...IMAGE, auth: OAUTH, tools: [{ ...TOOL, requiredScopes: ['a'] }] } },
  {
    id: 'scopes of a tool without oauth',
    spec: { ...IMAGE, tools: [{ ...TOOL, requiredScopes: ['a'] }] },
    fault: 'tools',
  },
  {
    id: 'claim that is no pointer',
    spec: { ...IMAGE, auth: { ...OAUTH, claims: { team: '/a~' } } },
    fault: 'auth.claims.team',
  },
  { id: 'mtls', spec: MTLS },
  { id: 'mtls without trust domain', spec: { ...GATEWAY, auth: { mode: 'mtls' } }, fault: 'auth.trustDomain' },
  { id: 'mtls without gateway', spec: { ...MTLS, gateway: {} }, fault: 'gateway.enabled' },
  { id: 'mtls behind nginx', spec: { ...MTLS, ingressClass: 'nginx' } },
  { id: 'prefix of slashes', spec: { ...IMAGE, publicPathPrefix: '//' }, fault: 'publicPathPrefix' },
  { id: 'blank prefix', spec: { ...IMAGE, publicPathPrefix: ' ' } },
  { id: 'repeated tool', spec: { ...IMAGE, tools: [TOOL, TOOL] }, fault: 'tools' },
  { id: 'tool without side effect', spec: { ...IMAGE, tools: [{ name: 't' }] }, fault: 'tools.0.sideEffect' },
  { id: 'tool without name', spec: { ...IMAGE, tools: [{ ...TOOL, name: '' }] }, fault: 'tools.0.name' },
  { id: 'unknown risk', spec: { ...IMAGE, tools: [{ ...TOOL, riskLevel: 'huge' }] }, fault: 'tools.0.riskLevel' },
  { id: 'canary below all', spec: { ...CANARY, rollout: canary(2) } },
  { id: 'canary of all', spec: { ...CANARY, rollout: canary(3) }, fault: 'rollout.canaryReplicas' },
  { id: 'canary of none', spec: { ...CANARY, rollout: canary(0) }, fault: 'rollout.canaryReplicas' },
  { id: 'canary without number', spec: { ...CANARY, rollout: canary() }, fault: 'rollout.canaryReplicas' },
  { id: 'surge by number', spec: { ...IMAGE, rollout: { maxSurge: 1 } } },
  { id: 'surge below zero', spec: { ...IMAGE, rollout: { maxSurge: -1 } }, fault: 'rollout.maxSurge' },
  { id: 'analytics without gateway', spec: { ...IMAGE, analytics: { source: 's' } }, fault: 'analytics' },
  { id: 'disabled analytics without gateway', spec: { ...IMAGE, analytics: { source: 's', disabled: true } } },
  {
    id: 'analytics key without name',
    spec: { ...GATEWAY, analytics: { apiKeySecretRef: { key: 'k' } } },
    fault: 'analytics.apiKeySecretRef.name',
  },
  {
    id: 'secret without key',
    spec: { ...IMAGE, secretEnvVars: [{ name: 'A', secretKeyRef: { name: 's' } }] },
    fault: 'secretEnvVars.0.secretKeyRef.key',
  },
  {
    id: 'canary of its own version',
    spec: { ...CANARY, rollout: { ...canary(1), canary: { image: 'a:2', weight: 5 } } },
  },
  {
    id: 'canary of two versions',
    spec: { ...CANARY, rollout: { ...canary(1), canary: { image: 'a:2', source: { image: 'a:3' } } } },
    fault: 'rollout.canary',
  },
  {
    id: 'canary of two sources',
    spec: { ...CANARY, rollout: { ...canary(1), canary: { source: { image: 'a:3', url: 'http://x' } } } },
    fault: 'rollout.canary.source',
  },
  { id: 'egress', spec: { ...IMAGE, network: { egress: [{ host: 'api.example.com' }, { cidr: '10.0.0.0/8' }] } } },
  {
    id: 'egress to a host and a range',
    spec: { ...IMAGE, network: { egress: [{ host: 'a', cidr: '10.0.0.0/8' }] } },
    fault: 'network.egress',
  },
  { id: 'egress to nothing', spec: { ...IMAGE, network: { egress: [{ ports: [80] }] } }, fault: 'network.egress' },
  {
    id: 'egress to all hosts of a domain',
    spec: { ...IMAGE, network: { egress: [{ host: '*.example.com' }] } },
    fault: 'network.egress.0.host',
  },
  { id: 'command of an image', spec: { ...IMAGE, command: ['/server'], args: ['-v'], writablePaths: ['/data'] } },
  { id: 'command of a package', spec: { source: { npm: NPM }, command: ['/server'] }, fault: 'command' },
  { id: 'writable path outside', spec: { ...IMAGE, writablePaths: ['/a/../b c'] }, fault: 'writablePaths.0' },
  { id: 'npm with integrity', spec: { source: { npm: { ...NPM, integrity: 'sha512-AAAA' } } } },
  {
    id: 'npm with the hash of another tool',
    spec: { source: { npm: { ...NPM, integrity: 'md5-AAAA' } } },
    fault: 'source.npm.integrity',
  },
  {
    id: 'pypi with a short hash',
    spec: { source: { pypi: { ...NPM, hash: 'sha256:abc' } } },
    fault: 'source.pypi.hash',
  },
  { id: 'stdio twice', spec: { ...IMAGE, transport: 'stdio', replicas: 2 }, fault: 'replicas' },
  { id: 'no upstream credential', spec: { ...IMAGE, upstreamAuth: {} }, fault: 'upstreamAuth' },
  {
    id: 'an upstream credential that frames the message',
    spec: { ...IMAGE, upstreamAuth: { header: 'Content-Length', secretRef: { name: 'a', key: 'b' } } },
    fault: 'upstreamAuth.header',
  },
  { id: 'remote over stdio', spec: { source: { url: 'http://x' }, transport: 'stdio' }, fault: 'transport' },
  {
    id: 'range of versions',
    spec: { source: { npm: { package: 'x', version: '^1.0.0' } } },
    fault: 'source.npm.version',
  },
];

export const GRANT_SPECS: readonly SpecRow[] = [
  { id: 'anonymous', spec: { ...ACCESS, subject: { humanID: 'system:anonymous' } } },
  {
    id: 'anonymous with an agent',
    spec: { ...ACCESS, subject: { humanID: 'system:anonymous', agentID: 'a' } },
    fault: 'subject',
  },
  { id: 'empty subject', spec: { ...ACCESS, subject: {} } },
  { id: 'no server', spec: { ...ACCESS, serverRef: {} }, fault: 'serverRef.name' },
  {
    id: 'repeated side effect',
    spec: { ...ACCESS, allowedSideEffects: ['read', 'read'] },
    fault: 'allowedSideEffects',
  },
  { id: 'unknown side effect', spec: { ...ACCESS, allowedSideEffects: [''] }, fault: 'allowedSideEffects.0' },
  {
    id: 'repeated tool rule',
    spec: {
      ...ACCESS,
      toolRules: [
        { name: 'a', decision: 'allow' },
        { name: 'a', decision: 'deny' },
      ],
    },
    fault: 'toolRules',
  },
  { id: 'rule without decision', spec: { ...ACCESS, toolRules: [{ name: 'a' }] }, fault: 'toolRules.0.decision' },
  {
    id: 'empty window',
    spec: { ...ACCESS, notBefore: '2027-01-02T00:00:00Z', expiresAt: '2027-01-02T00:00:00Z' },
    fault: 'expiresAt',
  },
];

export const SESSION_SPECS: readonly SpecRow[] = [
  { id: 'anonymous', spec: { ...ACCESS, subject: { humanID: 'system:anonymous' } }, fault: 'subject.humanID' },
  { id: 'empty subject', spec: { ...ACCESS, subject: {} }, fault: 'subject' },
  { id: 'blank subject', spec: { ...ACCESS, subject: { humanID: '' } }, fault: 'subject' },
  { id: 'already expired', spec: { ...ACCESS, expiresAt: '2001-01-01T00:00:00Z' } },
  { id: 'instant without zone', spec: { ...ACCESS, expiresAt: '2027-01-01T00:00:00' }, fault: 'expiresAt' },
  {
    id: 'token without key',
    spec: { ...ACCESS, upstreamTokenSecretRef: { name: 's' } },
    fault: 'upstreamTokenSecretRef.key',
  },
];
