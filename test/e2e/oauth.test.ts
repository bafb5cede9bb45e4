/** People who log in from a published client: metadata, challenge, login, step-up and proof of possession, end to end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  Client,
  DpopSession,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { type AuditEvent, type PolicyDocument } from '@mcp-runtime/api';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { DEFAULT_LIMITS, holdPolicy, holdTokenKeys, startGateway } from '@mcp-runtime/gateway';
import { compilePolicy, revisionOf } from '@mcp-runtime/policy';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { type Listening, startBridge } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';

const opened = new AsyncDisposableStack();
const events: AuditEvent[] = [];
let issuer: AuthorizationServer;
let url: string;

before(async () => {
  const folder = opened.use(await tempDir()).path;
  const bridge = opened.use(await startBridge(folder));
  issuer = opened.use(await startAuthorizationServer());
  url = await startGoverned(bridge);
});

after(() => opened.disposeAsync());

async function startGoverned(bridge: Listening): Promise<string> {
  const gateway = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    trustHeadersFrom: [],
    allowedHosts: [],
    allowedOrigins: [],
    tokenKeys: holdTokenKeys({ keys: [] }),
    audit: { append: async (event) => void events.push(event), state: () => 'writable', redact: (value) => value },
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    log: silentLogger,
  });
  opened.defer(() => gateway.close());
  const policy = holdPolicy();
  policy.publish(compilePolicy(documentOf()));
  gateway.routes.set({
    path: '/memory/mcp',
    key: { namespace: 'mcp-servers', name: 'memory' },
    upstream: new URL(bridge.url),
    policy,
    audit: { arguments: 'none', strict: false },
    eventSource: 'memory-gateway',
  });
  return `${gateway.url}/memory/mcp`;
}

function documentOf(): PolicyDocument {
  const document: PolicyDocument = {
    schema_version: 'v1',
    revision: '',
    server: { name: 'memory', namespace: 'mcp-servers' },
    auth: {
      mode: 'oauth',
      issuer_url: issuer.url,
      required_scopes: ['mcp'],
      side_effect_scopes: { read: ['memory:read'], write: ['memory:write'] },
    },
    policy: { enforce_on: 'all' },
    tools: [
      { name: 'read_graph', side_effect: 'read' },
      { name: 'create_entities', side_effect: 'write' },
      { name: 'delete_entities', side_effect: 'destructive' },
    ],
    grants: [{ name: 'alice', human_id: 'alice', max_trust: 'high', allowed_side_effects: ['read', 'write'] }],
  };
  return { ...document, revision: revisionOf(document) };
}

/** What a desktop client keeps. `dpop` makes the SDK prove possession. */
class Keeper implements OAuthClientProvider {
  readonly redirectUrl = 'http://127.0.0.1:1/callback';
  readonly clientMetadata = { redirect_uris: ['http://127.0.0.1:1/callback'], client_name: 'e2e' };
  readonly dpop: () => DpopSession | undefined;
  page: URL | undefined;
  #client: StoredOAuthClientInformation | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #verifier = '';
  #discovered: OAuthDiscoveryState | undefined;

  constructor(dpop?: DpopSession) {
    this.dpop = () => dpop;
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#client;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens;
  }

  redirectToAuthorization(page: URL): void {
    this.page = page;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  saveDiscoveryState(discovered: OAuthDiscoveryState): void {
    this.#discovered = discovered;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovered;
  }

  codeVerifier(): string {
    return this.#verifier;
  }
}

const newClient = (): Client => new Client({ name: 'e2e', version: '1' });

/** Does what `work` does; when that ends at the login, logs in. */
async function loggingIn<T>(keeper: Keeper, transport: StreamableHTTPClientTransport, work: () => Promise<T>) {
  await assert.rejects(work(), UnauthorizedError);
  assert.ok(keeper.page !== undefined);
  await transport.finishAuth((await issuer.approve(keeper.page)).searchParams);
}

async function logIn(
  keeper: Keeper,
): Promise<{ readonly client: Client; readonly transport: StreamableHTTPClientTransport }> {
  const first = new StreamableHTTPClientTransport(new URL(url), { authProvider: keeper });
  await loggingIn(keeper, first, () => newClient().connect(first));
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: keeper });
  const client = newClient();
  await client.connect(transport);
  return { client, transport };
}

async function namesOf(client: Client): Promise<readonly string[]> {
  return (await client.listTools()).tools.map(({ name }) => name);
}

for (const kind of ['Bearer', 'DPoP'] as const) {
  test(`a published client logs in, calls, and gets more scopes when it needs them (${kind})`, async () => {
    const keeper = new Keeper(kind === 'DPoP' ? await DpopSession.create() : undefined);
    const from = issuer.visits.length;
    const { client, transport } = await logIn(keeper);
    assert.equal(keeper.tokens()?.token_type, kind);
    assert.deepEqual(issuer.visits.slice(from), [{ scope: 'mcp memory:read', resource: url }]);
    assert.deepEqual(await namesOf(client), ['create_entities', 'read_graph']);
    await client.callTool({ name: 'read_graph', arguments: {} });

    const write = { name: 'create_entities', arguments: { entities: [] } };
    await loggingIn(keeper, transport, () => client.callTool(write));
    assert.equal(events.at(-1)?.payload.reason, 'insufficient_scope');
    assert.deepEqual(new Set(issuer.visits.at(-1)?.scope.split(' ')), new Set(['mcp', 'memory:read', 'memory:write']));
    await client.callTool(write);
    assert.partialDeepStrictEqual(events.at(-1)?.payload, { reason: 'allowed', human_id: 'alice' });

    const visits = issuer.visits.length;
    await assert.rejects(client.callTool({ name: 'delete_entities', arguments: { entityNames: [] } }));
    assert.equal(issuer.visits.length, visits);
    await client.close();
  });
}
