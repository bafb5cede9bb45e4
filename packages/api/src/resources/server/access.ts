import { z } from 'zod';
import { HEADERS } from '../../names.ts';
import { DENIALS, POLICY_DECISIONS, POLICY_MODES } from '../closed-sets.ts';
import { NamespaceName } from '../meta.ts';
import { Duration, HeaderName } from './formats.ts';

export const Policy = z.strictObject({
  mode: z
    .enum(POLICY_MODES)
    .default('allow-list')
    .meta({ description: '`observe` records decisions and lets every call through.' }),
  defaultDecision: z
    .enum(POLICY_DECISIONS)
    .default('deny')
    .meta({ description: 'When no grant matches or none names the tool.' }),
  enforceOn: z.enum(['call_tool', 'all']).default('call_tool').meta({
    description:
      '`call_tool`: tool calls, and tool lists are filtered. `all`: every method, prompts and resources too, unknown methods are denied.',
  }),
  policyVersion: z.string().default('v1').meta({ description: 'Label put on decisions.' }),
  denials: z.enum(DENIALS).optional().meta({
    description:
      'How a denial is said. `conceal`, also when absent: a denied tool, prompt or resource is answered like one that does not exist. `explain`: with the exact reason. `http`: with the reason and its HTTP status.',
  }),
});

export const Session = z.strictObject({
  required: z.boolean().default(false).meta({ description: 'Calls need a live MCPAgentSession.' }),
  store: z
    .string()
    .default('kubernetes')
    .meta({ description: 'Taken for existing manifests, and not read: sessions are MCPAgentSessions.' }),
  headerName: HeaderName.default(HEADERS.agentSession).meta({ description: 'Header that names the MCPAgentSession.' }),
  maxLifetime: Duration.default('24h').meta({ description: 'Longest life of a session token.' }),
  idleTimeout: Duration.default('1h').meta({ description: 'Passed on to gateways in the policy document.' }),
  upstreamTokenHeader: HeaderName.default(HEADERS.authorization).meta({
    description: 'Header in which the token of a session goes to the server.',
  }),
});

export const Access = z.strictObject({
  namespaces: z
    .array(NamespaceName)
    .default([])
    .meta({ description: 'Other namespaces whose grants and sessions count for this server.' }),
});
