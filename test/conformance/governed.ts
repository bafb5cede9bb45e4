import { type AuditEvent, HEADERS, type PolicyDocument } from '@mcp-runtime/api';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { DEFAULT_LIMITS, holdPolicy, startGateway } from '@mcp-runtime/gateway';
import { compilePolicy, revisionOf } from '@mcp-runtime/policy';
import { startFront } from './front.ts';

/** A server behind a gateway that enforces a policy for every call, as a client without credentials reaches it. */
export interface Governed extends AsyncDisposable {
  readonly url: string;
  readonly events: readonly AuditEvent[];
}

const SERVER = { namespace: 'mcp-servers', name: 'subject' };
const PATH = '/subject/mcp';
const CALLER = { human: 'alice', agent: 'conformance' };

export async function govern(upstream: URL, tools: readonly string[]): Promise<Governed> {
  const events: AuditEvent[] = [];
  const gateway = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    trustHeadersFrom: ['127.0.0.0/8'],
    allowedHosts: [],
    allowedOrigins: [],
    tokenKeys: [],
    audit: {
      append: async (event) => void events.push(event),
      state: () => 'writable',
      redact: (value) => value,
    },
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    log: silentLogger,
  });
  const policy = holdPolicy();
  policy.publish(compilePolicy(documentFor(tools)));
  gateway.routes.set({
    path: PATH,
    key: SERVER,
    upstream,
    policy,
    audit: { arguments: 'none', strict: false },
    eventSource: 'conformance',
  });
  const identity = { [HEADERS.humanId]: CALLER.human, [HEADERS.agentId]: CALLER.agent };
  const front = await startFront(new URL(gateway.url), identity);
  return {
    url: `${front.url}${PATH}`,
    events,
    [Symbol.asyncDispose]: async () => {
      await front[Symbol.asyncDispose]();
      await gateway.close();
    },
  };
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
