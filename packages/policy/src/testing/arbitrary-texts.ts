import { type PolicyDocument } from '@mcp-runtime/api';
import fc from 'fast-check';
import { type PolicyRequest } from '../request.ts';

const NONE_REQUIRED: { requiredKeys: [] } = { requiredKeys: [] };
const ODD = ['', ' ', '\0', '__proto__', 'constructor', '\uD800', '*', '{', '..', 'high', 'deny', 'read', 'tools/call'];
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...ODD));
const subject = { human_id: text, agent_id: text, team_id: text };
const rule = fc.record({ name: text, decision: text, required_trust: text });
const resourceRule = fc.record({ uri: text, decision: text, required_trust: text });

/** Documents of the right shape and nothing more: repeated names, unknown words, instants that are none. */
export const wildDocuments: fc.Arbitrary<PolicyDocument> = fc
  .tuple(
    fc.record({ schema_version: text, revision: text, server: fc.record({ name: text, namespace: text }) }),
    fc.record(
      {
        policy: fc.record(
          { mode: text, default_decision: text, enforce_on: text, policy_version: text },
          NONE_REQUIRED,
        ),
        session: fc.record({ required: fc.boolean() }, NONE_REQUIRED),
        tools: fc.array(fc.record({ name: text, required_trust: text, side_effect: text, risk_level: text })),
        grants: fc.array(
          fc.record({
            name: text,
            namespace: text,
            ...subject,
            max_trust: text,
            allowed_side_effects: fc.array(text),
            not_before: text,
            expires_at: text,
            tool_rules: fc.array(rule),
            prompt_rules: fc.array(rule),
            resource_rules: fc.array(resourceRule),
          }),
        ),
        sessions: fc.array(fc.record({ name: text, ...subject, consented_trust: text, expires_at: text })),
      },
      NONE_REQUIRED,
    ),
  )
  .map(([required, optional]) => ({ ...required, ...optional }));

const task = fc.record({ kind: fc.constant('task'), id: text, tool: text });

export const wildRequests: fc.Arbitrary<PolicyRequest> = fc.record({
  method: fc.oneof(text, fc.constant('tools/call')),
  target: fc.oneof(
    fc.constant(undefined),
    fc.record({ kind: fc.constantFrom('tool', 'prompt'), name: text }),
    fc.record({ kind: fc.constantFrom('resource', 'template'), uri: text }),
    fc.record({ kind: fc.constant('subscription'), uris: fc.array(text), tasks: fc.array(task) }),
    task,
    fc.record({ kind: fc.constant('list'), of: fc.constantFrom('tools', 'prompts', 'resources', 'templates') }),
    fc.record({ kind: fc.constant('server') }),
  ),
  identity: fc.record({ human: text, agent: text, team: text, session: text }),
  now: fc.oneof(fc.integer(), fc.double()),
});
