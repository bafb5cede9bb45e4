// Types only: help must not wait for the schemas to load.
import type { SessionTokenAlgorithm } from '@mcp-runtime/api';
import { defineCommand } from '../frame/command.ts';
import {
  ANY_NAMESPACE,
  DRY_RUN,
  FILE_OR_INPUT,
  FORCE_CONFLICTS,
  NAMESPACE,
  SIDE_EFFECTS,
  TARGET,
  TRUST_LEVELS,
} from './flags.ts';

const SESSION_TOKEN_ALGORITHMS = ['EdDSA', 'ES256'] as const satisfies readonly SessionTokenAlgorithm[];

const SUBJECT = {
  server: { type: 'text', summary: 'the server that it is about', placeholder: 'NAME', names: 'server' },
  'server-namespace': {
    type: 'text',
    summary: 'namespace of the server; the object’s own when absent',
    placeholder: 'NAME',
    names: 'namespace',
  },
  'human-id': { type: 'text', summary: 'the human', placeholder: 'ID' },
  'agent-id': { type: 'text', summary: 'the agent', placeholder: 'ID' },
  'team-id': { type: 'text', summary: 'the team', placeholder: 'ID' },
  trust: { type: 'text', summary: 'trust', values: TRUST_LEVELS, default: 'low' },
  'policy-version': { type: 'text', summary: 'label put on decisions', placeholder: 'TEXT' },
  namespace: NAMESPACE,
  force: { type: 'switch', summary: 'replace the file when it exists' },
} as const;

function objectCommands(noun: 'grant' | 'session') {
  const name = { name: 'NAME', summary: `name of the ${noun}`, required: 'yes', names: noun } as const;
  return [
    defineCommand({
      path: `access ${noun} list`,
      summary: `list ${noun}s`,
      flags: {
        namespace: ANY_NAMESPACE,
        server: { type: 'text', summary: 'only for this server', placeholder: 'NAME', names: 'server' },
        ...TARGET,
      },
      examples: [`mcp-runtime access ${noun} list`],
      prints: 'data',
      load: async () => ({ run: (await import('../actions/access/access.ts')).listOf(noun) }),
    }),
    defineCommand({
      path: `access ${noun} get`,
      summary: `show one ${noun}, rules and status included`,
      args: [name],
      flags: { namespace: NAMESPACE, ...TARGET },
      examples: [`mcp-runtime access ${noun} get NAME --output yaml`],
      prints: 'data',
      load: async () => ({ run: (await import('../actions/access/access.ts')).getOf(noun) }),
    }),
    defineCommand({
      path: `access ${noun} apply`,
      summary: `make the ${noun}s of files exist; all or none`,
      flags: { file: FILE_OR_INPUT, 'force-conflicts': FORCE_CONFLICTS, 'dry-run': DRY_RUN, ...TARGET },
      examples: [`mcp-runtime access ${noun} apply -f ${noun}.yaml`],
      prints: 'data',
      load: async () => ({ run: (await import('../actions/apply.ts')).applyOf(noun) }),
    }),
    defineCommand({
      path: `access ${noun} delete`,
      summary: `remove a ${noun}; fine when there is none`,
      args: [name],
      flags: { namespace: NAMESPACE, 'dry-run': DRY_RUN, ...TARGET },
      examples: [`mcp-runtime access ${noun} delete NAME`],
      prints: 'data',
      load: async () => ({ run: (await import('../actions/access/access.ts')).deleteOf(noun) }),
    }),
  ];
}

function toggle(noun: 'grant' | 'session', verb: 'enable' | 'disable' | 'revoke' | 'unrevoke', summary: string) {
  return defineCommand({
    path: `access ${noun} ${verb}`,
    summary,
    args: [{ name: 'NAME', summary: `name of the ${noun}`, required: 'yes', names: noun }],
    flags: { namespace: NAMESPACE, 'dry-run': DRY_RUN, ...TARGET },
    examples: [`mcp-runtime access ${noun} ${verb} NAME`],
    prints: 'data',
    load: async () => ({ run: (await import('../actions/access/access.ts')).toggleOf(noun, verb) }),
  });
}

export const ACCESS_COMMANDS = [
  ...objectCommands('grant'),
  toggle('grant', 'disable', 'make a grant count no more, from the next call on'),
  toggle('grant', 'enable', 'make a disabled grant count again'),
  defineCommand({
    path: 'access grant init',
    summary: 'write a grant to a file, to be read, changed and applied',
    args: [{ name: 'NAME', summary: 'name of the grant', required: 'yes' }],
    flags: {
      ...SUBJECT,
      'side-effect': { type: 'texts', summary: 'side effect that is allowed; read when absent', values: SIDE_EFFECTS },
      tool: { type: 'texts', summary: 'tool that is allowed at --trust', placeholder: 'NAME' },
      'tool-rule': { type: 'texts', summary: 'rule of a tool', placeholder: 'NAME:allow|deny:TRUST' },
      output: {
        type: 'text',
        short: 'o',
        summary: 'file to write; - for standard output',
        placeholder: 'FILE',
        default: 'grant.yaml',
      },
    },
    examples: [
      'mcp-runtime access grant init research --server files --human-id alice@example.com --agent-id research-agent',
    ],
    prints: 'plain',
    load: () => import('../actions/access/grant-init.ts'),
  }),
  ...objectCommands('session'),
  toggle('session', 'revoke', 'cut an agent session off, from the next call on'),
  toggle('session', 'unrevoke', 'let a revoked session live again'),
  defineCommand({
    path: 'access session init',
    summary: 'write a session to a file, to be read, changed and applied',
    args: [{ name: 'NAME', summary: 'name of the session', required: 'yes' }],
    flags: {
      ...SUBJECT,
      'expires-at': { type: 'text', summary: 'end, RFC 3339', placeholder: 'TIME' },
      'expires-in': { type: 'text', summary: 'end, counted from now, such as 8h', placeholder: 'DURATION' },
      revoked: { type: 'switch', summary: 'revoked from the start' },
      'upstream-token-secret': { type: 'text', summary: 'Secret with the token for the server', placeholder: 'NAME' },
      'upstream-token-key': { type: 'text', summary: 'key inside that Secret', placeholder: 'KEY', default: 'token' },
      output: {
        type: 'text',
        short: 'o',
        summary: 'file to write; - for standard output',
        placeholder: 'FILE',
        default: 'session.yaml',
      },
    },
    examples: [
      'mcp-runtime access session init research --server files --human-id alice@example.com --agent-id research-agent --expires-in 8h',
    ],
    prints: 'plain',
    load: () => import('../actions/access/session-init.ts'),
  }),
  defineCommand({
    path: 'access key list',
    summary: 'list the public keys of session tokens',
    flags: TARGET,
    examples: ['mcp-runtime access key list', 'mcp-runtime access key list --output json > jwks.json'],
    prints: 'data',
    load: async () => ({ run: (await import('../actions/access/key.ts')).list }),
  }),
  defineCommand({
    path: 'access key rotate',
    summary: 'sign session tokens with a new key; those issued so far hold until they expire',
    flags: {
      algorithm: {
        type: 'text',
        summary: 'how the new key signs',
        values: SESSION_TOKEN_ALGORITHMS,
        default: 'EdDSA' satisfies SessionTokenAlgorithm,
      },
      'retire-now': { type: 'switch', summary: 'refuse every token that was issued so far' },
      ...TARGET,
    },
    examples: ['mcp-runtime access key rotate', 'mcp-runtime access key rotate --retire-now'],
    prints: 'data',
    load: async () => ({ run: (await import('../actions/access/key.ts')).rotate }),
  }),
  defineCommand({
    path: 'access session token',
    summary: 'issue a token with which the session’s agent can call its server',
    args: [{ name: 'NAME', summary: 'name of the session', required: 'yes', names: 'session' }],
    flags: {
      namespace: NAMESPACE,
      'ttl-seconds': {
        type: 'number',
        summary: 'life of the token; never longer than the session or the server’s maximum',
        default: 3600,
      },
      'dpop-jkt': {
        type: 'text',
        summary: 'only for who proves to have the key of this thumbprint',
        placeholder: 'THUMBPRINT',
      },
      'dpop-key': {
        type: 'text',
        summary: 'the same, by the key: a JWK, its public half is enough',
        placeholder: 'FILE',
      },
      'client-cert': { type: 'text', summary: 'only on connections with this client certificate', placeholder: 'FILE' },
      ...TARGET,
    },
    examples: ['export MCP_TOKEN=$(mcp-runtime access session token research-files)'],
    prints: 'data',
    load: () => import('../actions/access/session-token.ts'),
  }),
];
