import { type PolicyDocument, type PolicyDocumentGrant, type PolicyDocumentSession } from '@mcp-runtime/api';
import fc from 'fast-check';
import { type PolicyRequest } from '../request.ts';
import { NOW, aDocument } from './documents.ts';

/** Few values for each member, so that grants, sessions, tools and requests meet often. */
const of = fc.constantFrom;
const NONE_REQUIRED: { requiredKeys: [] } = { requiredKeys: [] };
const subject = { human_id: of('', 'h', 'h', 'i'), agent_id: of('', '', 'a'), team_id: of('', '', 'm') };
const trust = of('', 'low', 'medium', 'high', 'HIGH ');
const instant = of('', '', '2026-05-08T11:59:59Z', '2026-05-08T12:00:00Z', '2026-05-08T12:00:01Z', 'soon');
const key = { name: of('a', 'b', 'c', 'ab'), namespace: of('', 'ns', 'n') };
export const thingName: fc.Arbitrary<string> = of('t', 'w', 'd', 'n', 'zz');
export const uri: fc.Arbitrary<string> = of('file:///a', 'file:///a/b', 'file:///a/../b', 'file:///a/{x}', 'db://a');
export const uriPattern: fc.Arbitrary<string> = of(
  'file:///a',
  'file:///*',
  'file:///a/*',
  '*',
  'db://a',
  'file:///a/{x}',
);

const rule = fc.record({ decision: of('', 'allow', 'deny', ' Deny'), required_trust: trust }, NONE_REQUIRED);
const namedRules = fc.uniqueArray(
  fc.tuple(thingName, rule).map(([name, fields]) => ({ name, ...fields })),
  { selector: ({ name }) => name, maxLength: 3 },
);
const resourceRules = fc.uniqueArray(
  fc.tuple(uriPattern, rule).map(([of, fields]) => ({ uri: of, ...fields })),
  { selector: (of) => of.uri, maxLength: 3 },
);

const grant: fc.Arbitrary<PolicyDocumentGrant> = fc
  .tuple(
    fc.record(key),
    fc.record(subject, NONE_REQUIRED),
    fc.record(
      {
        max_trust: trust,
        allowed_side_effects: fc.subarray(['read', 'write', 'destructive']),
        policy_version: of('', 'gv'),
        disabled: of(false, false, true),
        not_before: of('', '', '2026-05-08T12:00:00Z', '2026-05-08T12:00:01Z'),
        expires_at: instant,
        tool_rules: namedRules,
        prompt_rules: namedRules,
        resource_rules: resourceRules,
      },
      NONE_REQUIRED,
    ),
  )
  .map(([named, who, fields]) => ({ ...named, ...who, ...fields }));

const session: fc.Arbitrary<PolicyDocumentSession> = fc
  .tuple(
    fc.record(key),
    fc.record(
      { ...subject, consented_trust: trust, revoked: of(false, false, true), expires_at: instant },
      NONE_REQUIRED,
    ),
  )
  .map(([named, fields]) => ({ ...named, ...fields }));

const policy = fc.record({
  mode: of('allow-list', 'allow-list', 'observe'),
  default_decision: of('deny', 'deny', 'allow'),
  enforce_on: of('call_tool', 'all'),
});

/** Documents that are valid. */
export const documents: fc.Arbitrary<PolicyDocument> = fc
  .record({
    policy,
    sessionRequired: of(undefined, undefined, true as const),
    grants: fc.uniqueArray(grant, { selector: keyText, maxLength: 5 }),
    sessions: fc.uniqueArray(session, { selector: keyText, maxLength: 4 }),
  })
  .map(({ sessionRequired, ...parts }) => aDocument({ ...parts, ...(sessionRequired && { sessionRequired }) }));

/** Those that enforce. */
export const enforcingDocuments: fc.Arbitrary<PolicyDocument> = documents.map((document) => ({
  ...document,
  policy: { ...document.policy, mode: 'allow-list' },
}));

/** Those that deny what no grant allows. */
export const denyingDocuments: fc.Arbitrary<PolicyDocument> = enforcingDocuments.map((document) => ({
  ...document,
  policy: { ...document.policy, default_decision: 'deny' },
}));

export const identities: fc.Arbitrary<PolicyRequest['identity']> = fc.record({
  human: of('h', 'h', 'i', ''),
  agent: of('', 'a'),
  team: of('', 'm'),
  session: of('', 'a', 'b'),
});

const subjects: fc.Arbitrary<Pick<PolicyRequest, 'method' | 'target'>> = fc.oneof(
  {
    weight: 4,
    arbitrary: thingName.map((name) => ({ method: 'tools/call', target: { kind: 'tool', name } as const })),
  },
  thingName.map((name) => ({ method: 'prompts/get', target: { kind: 'prompt', name } as const })),
  uri.map((text) => ({ method: 'resources/read', target: { kind: 'resource', uri: text } as const })),
  uri.map((text) => ({ method: 'resources/read', target: { kind: 'template', uri: text } as const })),
  fc
    .array(uri, { maxLength: 3 })
    .map((uris) => ({ method: 'subscriptions/listen', target: { kind: 'subscription', uris, tasks: [] } as const })),
  thingName.map((tool) => ({ method: 'tasks/get', target: { kind: 'task', id: '1', tool } as const })),
  of(
    { method: 'tools/list', target: { kind: 'list', of: 'tools' } as const },
    { method: 'ping', target: { kind: 'server' } as const },
    { method: 'made/up', target: undefined },
  ),
);

export const requests: fc.Arbitrary<PolicyRequest> = fc
  .tuple(subjects, identities)
  .map(([about, identity]) => ({ ...about, identity, now: NOW }));

function keyText({ namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string }): string {
  return `${namespace}/${name}`;
}
