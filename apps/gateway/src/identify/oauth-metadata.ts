import { type IncomingMessage } from 'node:http';
import { ERRORS, type ErrorCode } from '@mcp-runtime/api';
import { basicScopes } from '@mcp-runtime/policy';
import { type Reply } from '../reply.ts';
import { type Route, type RouteTable } from '../routes/route.ts';
import { PROOF_ALGORITHMS } from './dpop-proof.ts';
import { authModeOf } from './auth-mode.ts';
import { RESOURCE_METADATA_PATH, resourceUrl } from './oauth-resource.ts';

export function isResourceMetadata(path: string): boolean {
  return path === RESOURCE_METADATA_PATH || path.startsWith(`${RESOURCE_METADATA_PATH}/`);
}

interface MetadataReply extends Reply {
  /** Why there is no metadata. */
  readonly refused?: ErrorCode;
}

/** Tells clients of an endpoint where they get tokens for it (RFC 9728 §3). It holds nothing that is not public. */
export function resourceMetadataReply(
  { method }: IncomingMessage,
  path: string,
  { routes, externalUrl }: { readonly routes: RouteTable; readonly externalUrl: string },
): MetadataReply {
  const route = routeOf(path.slice(RESOURCE_METADATA_PATH.length), routes);
  if (route !== undefined && route.policy.current() === undefined) return fault(route.policy.absence());
  if (route === undefined || !isOauth(route)) return fault('oauth_not_enabled', {}, { adapter_required: true });
  if (method !== 'GET' && method !== 'HEAD') return fault('method_not_allowed', { allow: 'GET, HEAD' });
  const scopes = route.policy.current()?.scopes;
  return json(200, {
    resource: resourceUrl(externalUrl, route.path),
    authorization_servers: [route.policy.current()?.document.auth?.issuer_url?.trim() ?? ''],
    bearer_methods_supported: ['header'],
    ...(scopes === undefined ? {} : { scopes_supported: basicScopes(scopes) }),
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    resource_name: route.key.name,
  });
}

/** The bare path names the one endpoint that takes access tokens, if there is exactly one. */
function routeOf(path: string, routes: RouteTable): Route | undefined {
  if (path !== '') return routes.find(path);
  const [only, ...others] = routes.all().filter(isOauth);
  return others.length === 0 ? only : undefined;
}

function isOauth({ policy }: Route): boolean {
  const current = policy.current();
  return current !== undefined && authModeOf(current) === 'oauth';
}

function fault(reason: ErrorCode, headers: Reply['headers'] = {}, more: object = {}): MetadataReply {
  const { http, meaning } = ERRORS[reason];
  return { ...json(http, { error: reason, message: meaning, ...more }, headers), refused: reason };
}

function json(status: number, body: object, headers: Reply['headers'] = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}
