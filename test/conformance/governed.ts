import { randomBytes } from 'node:crypto';
import { type AuditEvent, HEADERS, type PolicyDocument } from '@mcp-runtime/api';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { DEFAULT_LIMITS, type Gateway, holdPolicy, holdTokenKeys, startGateway } from '@mcp-runtime/gateway';
import { type Policy, compilePolicy, revisionOf } from '@mcp-runtime/policy';
import { startFront } from './front.ts';

/** A server behind gateways that enforce a policy for every call, as a client without credentials reaches it. */
export interface Governed extends AsyncDisposable {
  readonly url: string;
  readonly events: readonly AuditEvent[];
  /** How many requests each replica has recorded. */
  readonly shares: () => readonly number[];
}

const SERVER = { namespace: 'mcp-servers', name: 'subject' };
const PATH = '/subject/mcp';
const CALLER = { human: 'alice', agent: 'conformance' };

/** Consecutive requests go to different replicas, which share their session keys and nothing else. */
export async function govern(
  upstream: URL,
  { tools, replicas }: { readonly tools: readonly string[]; readonly replicas: number },
): Promise<Governed> {
  const events: AuditEvent[] = [];
  const sessionKeys = [randomBytes(32)];
  const policy = compilePolicy(documentFor(tools));
  await using started = new AsyncDisposableStack();
  const running: Replica[] = [];
  for (let index = 0; index < replicas; index += 1) {
    const replica = await startReplica(upstream, policy, { sessionKeys, events });
    started.defer(() => replica.gateway.close());
    running.push(replica);
  }
  const identity = { [HEADERS.humanId]: CALLER.human, [HEADERS.agentId]: CALLER.agent };
  const front = started.use(
    await startFront(
      running.map(({ gateway }) => new URL(gateway.url)),
      identity,
    ),
  );
  const owned = started.move();
  return {
    url: `${front.url}${PATH}`,
    events,
    shares: () => running.map(({ count }) => count()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Replica {
  readonly gateway: Gateway;
  readonly count: () => number;
}

interface Shared {
  readonly sessionKeys: readonly Buffer[];
  readonly events: AuditEvent[];
}

async function startReplica(upstream: URL, policy: Policy, { sessionKeys, events }: Shared): Promise<Replica> {
  let count = 0;
  const gateway = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    trustHeadersFrom: ['127.0.0.0/8'],
    allowedHosts: [],
    allowedOrigins: [],
    tokenKeys: holdTokenKeys({ keys: [] }),
    sessionKeys,
    audit: {
      append: async (event) => {
        count += 1;
        events.push(event);
      },
      state: () => 'writable',
      redact: (value) => value,
    },
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    log: silentLogger,
  });
  const held = holdPolicy();
  held.publish(policy);
  gateway.routes.set({
    path: PATH,
    key: SERVER,
    upstream,
    policy: held,
    audit: { arguments: 'none', strict: false },
    eventSource: 'conformance',
  });
  return { gateway, count: () => count };
}

/** Everything is governed, and one grant allows the caller all of it. */
function documentFor(tools: readonly string[]): PolicyDocument {
  const document: PolicyDocument = {
    schema_version: 'v1',
    revision: '',
    server: SERVER,
    auth: { mode: 'header' },
    policy: { mode: 'allow-list', default_decision: 'deny', enforce_on: 'all' },
    tools: tools.map((name) => ({ name, required_trust: 'low', side_effect: 'read' })),
    grants: [
      {
        name: 'everything',
        namespace: SERVER.namespace,
        human_id: CALLER.human,
        agent_id: CALLER.agent,
        max_trust: 'high',
        allowed_side_effects: ['read'],
      },
    ],
  };
  return { ...document, revision: revisionOf(document) };
}
