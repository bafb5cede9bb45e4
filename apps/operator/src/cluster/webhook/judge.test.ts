import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, type MCPAccessGrant, type MCPServer, type ResourceKind, keyOf, keyText } from '@mcp-runtime/api';
import { GRANTS, SERVERS } from '@mcp-runtime/control-plane';
import { isAbout } from '@mcp-runtime/policy';
import { judge } from './judge.ts';
import { type World } from './world.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

const PAY = {
  name: 'pay',
  sideEffect: 'write',
  inputSchema: { type: 'object', properties: { amount: { type: 'number' } } },
};
const BANK = server('bank', { tools: [PAY], access: { namespaces: ['guests'] } });

function server(name: string, spec: object = {}, namespace = 'team'): MCPServer {
  return SERVERS.parse({
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: { name, namespace },
    spec: { image: 'bank:1', auth: { mode: 'token' }, ...spec },
  });
}

function grant(spec: object, metadata: object = {}): object {
  const subject = { humanID: 'alice' };
  return {
    apiVersion: API_VERSION,
    kind: 'MCPAccessGrant',
    metadata: { name: 'g', namespace: 'team', ...metadata },
    spec: { serverRef: { name: 'bank' }, subject, allowedSideEffects: ['read'], ...spec },
  };
}

function session(spec: object, metadata: object = {}): object {
  return {
    apiVersion: API_VERSION,
    kind: 'MCPAgentSession',
    metadata: { name: 's', namespace: 'team', ...metadata },
    spec: { serverRef: { name: 'bank' }, subject: { agentID: 'claude' }, ...spec },
  };
}

function worldOf(servers: readonly MCPServer[], grants: readonly MCPAccessGrant[] = []): World {
  return {
    server: (key) => servers.find((item) => keyText(keyOf(item)) === keyText(key)),
    servers: () => servers,
    grantsOn: (key) => {
      const about = servers.find((item) => keyText(keyOf(item)) === keyText(key));
      return about === undefined ? [] : grants.filter((item) => isAbout(item, about));
    },
  };
}

const rule = (condition: string): object => ({ toolRules: [{ name: 'pay', decision: 'allow', condition }] });
const FITTING = rule('arguments.amount <= 100.0');
const UNFIT = rule("arguments.amount == 'much'");

const CASES: Readonly<
  Record<
    string,
    {
      kind: ResourceKind;
      object: object;
      before?: object;
      faults?: readonly RegExp[];
      warnings?: readonly RegExp[];
      world?: World;
    }
  >
> = {
  'a grant whose condition fits is admitted': { kind: 'MCPAccessGrant', object: grant(FITTING) },
  'a condition that does not fit the arguments is refused': {
    kind: 'MCPAccessGrant',
    object: grant(UNFIT),
    faults: [/^MCPAccessGrant team\/g spec\.toolRules\[0\]\.condition: .*`pay`/],
  },
  'a condition that is no expression is refused, also while there is no server': {
    kind: 'MCPAccessGrant',
    object: grant({ serverRef: { name: 'later' }, ...rule('arguments.amount <=') }),
    faults: [/spec\.toolRules\[0\]\.condition/],
    warnings: [/there is no server `team\/later` yet/],
  },
  'a grant of a server that comes later is admitted with a warning': {
    kind: 'MCPAccessGrant',
    object: grant({ serverRef: { name: 'later' }, ...UNFIT }),
    warnings: [/spec\.serverRef: there is no server `team\/later` yet/],
  },
  'a field that the schema does not know is refused': {
    kind: 'MCPAccessGrant',
    object: grant({ maxTrusst: 'high' }),
    faults: [/maxTrusst/],
  },
  'a grant that is disabled is admitted, whatever is wrong with it': {
    kind: 'MCPAccessGrant',
    object: grant({ ...UNFIT, disabled: true }),
    before: grant(FITTING),
  },
  'a fault that was there before does not stand in the way of another change': {
    kind: 'MCPAccessGrant',
    object: grant({ ...UNFIT, allowedSideEffects: [] }),
    before: grant(UNFIT),
    warnings: [/spec\.toolRules\[0\]\.condition/, /spec\.allowedSideEffects: is empty/],
  },
  'a change of labels alone is not judged': {
    kind: 'MCPAccessGrant',
    object: grant(UNFIT, { labels: { a: 'b' } }),
    before: grant(UNFIT),
  },
  'an object that is being deleted is not judged': {
    kind: 'MCPAccessGrant',
    object: grant(UNFIT, { deletionTimestamp: '2026-06-01T00:00:00Z' }),
    before: grant(FITTING),
  },
  'a name that is yet to be chosen is no fault': {
    kind: 'MCPAccessGrant',
    object: grant(FITTING, { name: undefined, generateName: 'g-' }),
  },
  'a subject that names nobody is warned of': {
    kind: 'MCPAccessGrant',
    object: grant({ subject: {} }),
    warnings: [/spec\.subject: names nobody/],
  },
  'a grant for callers without a credential, at a server that has none of these': {
    kind: 'MCPAccessGrant',
    object: grant({ subject: { humanID: 'system:anonymous' } }),
    warnings: [/`system:anonymous` matches nobody at a server with auth mode `token`/],
  },
  'a grant whose time is over, for a tool that is not declared': {
    kind: 'MCPAccessGrant',
    object: grant({ expiresAt: '2026-01-01T00:00:00Z', toolRules: [{ name: 'pray', decision: 'allow' }] }),
    warnings: [
      /spec\.expiresAt: `2026-01-01T00:00:00Z` is past/,
      /spec\.toolRules\[0\]\.name: the server declares no tool `pray`/,
    ],
  },
  'a grant of a namespace that the server admits': {
    kind: 'MCPAccessGrant',
    object: grant({ serverRef: { name: 'bank', namespace: 'team' } }, { namespace: 'guests' }),
  },
  'a grant of another namespace is warned of, without telling whether there is such a server': {
    kind: 'MCPAccessGrant',
    object: grant({ serverRef: { name: 'bank', namespace: 'team' } }, { namespace: 'strangers' }),
    warnings: [/counts for nothing unless `team\/bank` names `strangers`/],
  },
  'a session that has ended': {
    kind: 'MCPAgentSession',
    object: session({ expiresAt: '2026-05-31T23:59:59Z' }),
    warnings: [/spec\.expiresAt: .* is past/],
  },
  'a revoked session is admitted, also one that was never good': {
    kind: 'MCPAgentSession',
    object: session({ subject: {}, revoked: true }),
  },
  'a session of nobody is refused': {
    kind: 'MCPAgentSession',
    object: session({ subject: {} }),
    faults: [/at least one of/],
  },
  'a path of another server of the namespace is warned of by its name': {
    kind: 'MCPServer',
    object: server('second', { publicPathPrefix: 'bank' }),
    warnings: [/path `\/bank\/mcp` belongs to server `team\/bank`/],
  },
  'a path of a server elsewhere is warned of without its name': {
    kind: 'MCPServer',
    object: server('bank', {}, 'other'),
    warnings: [/belongs to a server of another namespace/],
  },
  'the same path on another host is another route': {
    kind: 'MCPServer',
    object: server('second', { publicPathPrefix: 'bank', ingressHost: 'b.example' }),
    world: worldOf([server('bank', { ingressHost: 'a.example' })]),
  },
  'tools that no longer fit the condition of a grant are warned of': {
    kind: 'MCPServer',
    object: server('bank', {
      tools: [{ ...PAY, inputSchema: { type: 'object', properties: { amount: { type: 'string' } } } }],
    }),
    before: BANK,
    world: worldOf([BANK], [GRANTS.parse(grant(FITTING))]),
    warnings: [/MCPAccessGrant team\/g no longer fits/],
  },
};

for (const [name, { kind, object, before, faults = [], warnings = [], world = worldOf([BANK]) }] of Object.entries(
  CASES,
)) {
  test(name, () => {
    const verdict = judge({ kind, object, ...(before === undefined ? {} : { before }) }, world, NOW);
    assertLines(verdict.faults, faults);
    assertLines(verdict.warnings, warnings);
  });
}

function assertLines(lines: readonly string[], patterns: readonly RegExp[]): void {
  assert.equal(lines.length, patterns.length, lines.join('\n'));
  for (const [index, pattern] of patterns.entries()) assert.match(lines[index] ?? '', pattern);
}
