import { z } from 'zod';
import { HEADERS } from '../../names.ts';
import { AUTH_MODES } from '../closed-sets.ts';
import { HeaderName } from './formats.ts';
import { ClaimPaths, Introspection, Scopes, SideEffectScopes } from './oauth.ts';

export const Auth = z.strictObject({
  mode: z.enum(AUTH_MODES).default('header').meta({
    description:
      'Where the identity of a caller comes from. A session token of the runtime is accepted in every mode but `oauth` and `mtls`.',
  }),
  humanIDHeader: HeaderName.default(HEADERS.humanId).meta({
    description: 'Header that names the human, in mode `header`.',
  }),
  agentIDHeader: HeaderName.default(HEADERS.agentId).meta({
    description: 'Header that names the agent, in mode `header`.',
  }),
  teamIDHeader: HeaderName.default(HEADERS.teamId).meta({
    description: 'Header that names the team, in mode `header`.',
  }),
  sessionIDHeader: HeaderName.default(HEADERS.agentSession).meta({
    description: 'Header that names the MCPAgentSession.',
  }),
  tokenHeader: HeaderName.default(HEADERS.authorization).meta({ description: 'Header that carries the bearer token.' }),
  issuerURL: z.string().optional().meta({ description: 'OIDC issuer; needed by `oauth`.' }),
  audience: z.string().optional().meta({ description: 'Audience that a token must carry.' }),
  requiredScopes: Scopes.optional().meta({ description: 'OAuth scopes that every request needs.' }),
  sideEffectScopes: SideEffectScopes.optional(),
  claims: ClaimPaths.optional(),
  introspection: Introspection.optional(),
  trustDomain: z.string().optional().meta({ description: 'SPIFFE trust domain; needed by `mtls`.' }),
});
