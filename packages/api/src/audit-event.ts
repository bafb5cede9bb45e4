import { z } from 'zod';

const optionalText = z.string().max(4096).optional();

/** What happened in one governed exchange, or to a request that was refused before there was one. Arguments and results are not in it unless the server asks. */
export const AuditPayload = z.strictObject({
  request_id: z.string().meta({ description: 'Correlation id, also given to the caller.' }),
  method: z.string().meta({ description: 'HTTP method.' }),
  path: z.string().max(2048).meta({ description: 'Path without query.' }),
  status: z.int().meta({ description: 'HTTP status given to the caller.' }),
  latency_ms: z.number().meta({ description: 'From the first byte of the request to the answer, milliseconds.' }),
  bytes_in: z.int(),
  bytes_out: z.int().meta({ description: 'Bytes of the answer when the record was written.' }),
  server: z.string().meta({ description: 'Empty for a request that was refused before its server was known.' }),
  namespace: z.string(),
  cluster: z.string(),
  team_id: z.string().meta({ description: "The server's team." }),
  human_id: z.string(),
  agent_id: z.string(),
  subject_team_id: z.string().meta({ description: "The caller's team." }),
  session_id: z.string(),
  identity_source: z.enum(['token', 'certificate', 'header', 'none', 'probe']),
  decision: z.enum(['allow', 'deny']),
  reason: z.string(),
  would_decide: z
    .enum(['allow', 'deny'])
    .optional()
    .meta({ description: 'In observe mode: what enforcement would have said.' }),
  would_reason: optionalText,
  policy_version: z.string(),
  policy_revision: z.string(),
  outcome: z
    .enum(['ok', 'rpc_error', 'tool_error', 'upstream_error', 'canceled', 'refused'])
    .meta({ description: 'How the exchange ended.' }),
  rpc_method: optionalText,
  rpc_id: optionalText,
  tool_name: optionalText,
  prompt_name: optionalText,
  resource_uri: optionalText,
  matched_grant: optionalText,
  matched_grant_namespace: optionalText,
  matched_session: optionalText,
  matched_session_namespace: optionalText,
  required_trust: optionalText,
  required_side_effect: optionalText,
  risk_level: optionalText,
  admin_trust: optionalText,
  consented_trust: optionalText,
  effective_trust: optionalText,
  client_address: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'Of a request that was refused before anybody was identified: the peer of its connection.' }),
  count: z.int().min(1).optional().meta({
    description:
      'How many refusals the record stands for, where a flood was folded into one; of `audit.gap`, how many records are missing.',
  }),
  arguments: z.unknown().optional().meta({ description: 'Redacted arguments, only where the server asks for them.' }),
});

/** Envelope of every event. `id` makes a second delivery harmless. */
export const AuditEvent = z.strictObject({
  id: z.string().min(1).max(128),
  timestamp: z.iso.datetime(),
  trace_id: z.string().optional(),
  source: z.string().min(1).max(256).meta({ description: 'Who wrote it, such as `files-gateway`.' }),
  event_type: z.string().min(1).max(128),
  payload: AuditPayload,
});

export type AuditPayload = z.infer<typeof AuditPayload>;

/** Of an event that tells of no exchange on the path of a server. */
export const NO_EXCHANGE = {
  method: '',
  path: '',
  status: 0,
  latency_ms: 0,
  bytes_in: 0,
  bytes_out: 0,
  server: '',
  namespace: '',
  cluster: '',
  team_id: '',
  human_id: '',
  agent_id: '',
  subject_team_id: '',
  session_id: '',
  identity_source: 'none',
  decision: 'deny',
  policy_version: '',
  policy_revision: '',
  outcome: 'refused',
} as const satisfies Partial<AuditPayload>;
export type AuditEvent = z.infer<typeof AuditEvent>;
