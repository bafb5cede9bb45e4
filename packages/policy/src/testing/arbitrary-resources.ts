import { API_VERSION } from '@mcp-runtime/api';
import fc from 'fast-check';
import { type RenderInput } from '../render.ts';
import { readRenderInput } from './render-input.ts';

const NONE_REQUIRED: { requiredKeys: [] } = { requiredKeys: [] };
const NAMESPACES = ['team-a', 'team-b', 'team'];
const name = fc.constantFrom('a', 'b', 'a-b', 'a.b');
const namespace = fc.constantFrom(...NAMESPACES);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('', ' ', '</script>', '\u2028'));
const trust = fc.constantFrom('low', 'medium', 'high');
const decision = fc.constantFrom('allow', 'deny');
const instant = fc
  .date({ min: new Date(0), max: new Date('2099-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const subject = fc.record({ humanID: text, agentID: text, teamID: fc.constantFrom('', 'red', 'blue') }, NONE_REQUIRED);
const serverRef = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ name: 'demo', namespace: 'team' }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constantFrom('demo', 'other') }) },
);

/** Resources that are valid, with texts as odd as their schemas let through. */
export function renderInputs(): fc.Arbitrary<RenderInput> {
  return fc
    .record(
      { server: servers(), grants: keyed(grants()), sessions: keyed(sessions()), cluster: text, generatedAt: instant },
      { requiredKeys: ['server', 'grants', 'sessions'] },
    )
    .map(readRenderInput);
}

function servers(): fc.Arbitrary<object> {
  const tool = fc.record(
    {
      name: text.map((value) => `t${value}`),
      sideEffect: fc.constantFrom('read', 'write', 'destructive'),
      description: text,
      requiredTrust: trust,
      riskLevel: trust,
      labels: fc.dictionary(text, text, { maxKeys: 4 }),
    },
    { requiredKeys: ['name', 'sideEffect'] },
  );
  const spec = fc.record(
    {
      teamID: fc.constantFrom('', 'blue'),
      access: fc.record({ namespaces: fc.subarray(NAMESPACES) }),
      policy: fc.record(
        { mode: fc.constantFrom('allow-list', 'observe'), defaultDecision: decision, policyVersion: text },
        NONE_REQUIRED,
      ),
      session: fc.record({ required: fc.boolean(), store: text }, NONE_REQUIRED),
      tools: fc.uniqueArray(tool, { selector: (item) => item.name, maxLength: 3 }),
    },
    NONE_REQUIRED,
  );
  return spec.map((fields) => resource('MCPServer', 'demo', 'team', { image: 'demo:1', ...fields }));
}

function grants(): fc.Arbitrary<Resource> {
  const rules = fc.uniqueArray(
    fc.record(
      { name: text.map((value) => `t${value}`), decision, requiredTrust: trust },
      { requiredKeys: ['name', 'decision'] },
    ),
    { selector: (rule) => rule.name, maxLength: 3 },
  );
  const optional = fc.record(
    {
      maxTrust: trust,
      allowedSideEffects: fc.subarray(['read', 'write', 'destructive']),
      policyVersion: text,
      disabled: fc.boolean(),
      expiresAt: instant,
      toolRules: rules,
      promptRules: rules,
      resourceRules: rules.map((list) => list.map(({ name: uri, ...rule }) => ({ uri, ...rule }))),
    },
    NONE_REQUIRED,
  );
  return fc
    .tuple(name, namespace, fc.record({ serverRef, subject }), optional)
    .map(([of, within, required, fields]) => resource('MCPAccessGrant', of, within, { ...required, ...fields }));
}

function sessions(): fc.Arbitrary<Resource> {
  const optional = fc.record(
    { consentedTrust: trust, revoked: fc.boolean(), expiresAt: instant, policyVersion: text },
    NONE_REQUIRED,
  );
  return fc
    .tuple(name, namespace, fc.record({ serverRef, subject }), optional)
    .map(([of, within, { serverRef, subject }, fields]) =>
      resource('MCPAgentSession', of, within, { serverRef, subject: { ...subject, agentID: 'agent' }, ...fields }),
    );
}

interface Resource {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

function resource(kind: string, name: string, namespace: string, spec: object): Resource & object {
  const whole = { apiVersion: API_VERSION, kind, metadata: { name, namespace }, spec };
  return whole;
}

function keyed(resources: fc.Arbitrary<Resource>): fc.Arbitrary<Resource[]> {
  return fc.uniqueArray(resources, {
    selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
    maxLength: 6,
  });
}
