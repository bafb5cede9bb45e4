/** Where RFC 9728 puts the metadata of a protected resource. */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource';

/**
 * The URL that names an endpoint as an OAuth resource (RFC 8707) and that clients call. It comes from the configuration
 * and never from a Host header: who could choose it could use a token that is meant for another server.
 */
export function resourceUrl(externalUrl: string, path: string): string {
  return `${withoutSlash(externalUrl)}${path}`;
}

/** Where clients find the metadata of that endpoint. */
export function resourceMetadataUrl(externalUrl: string, path: string): string {
  return `${withoutSlash(externalUrl)}${RESOURCE_METADATA_PATH}${path}`;
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}
