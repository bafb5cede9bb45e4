import { type MCPServer } from '@mcp-runtime/api';
import { refuse } from './refusal.ts';
import { type PlanSettings } from './settings.ts';

/** What ingress controllers are told by annotations, beside what servers ask for themselves. */
const BY_CLASS: Readonly<Record<string, (ingress: PlanSettings['ingress']) => Readonly<Record<string, string>>>> = {
  traefik: ({ entryPoints, tlsSecret }) => ({
    'traefik.ingress.kubernetes.io/router.entrypoints': entryPoints ?? (tlsSecret === undefined ? 'web' : 'websecure'),
    ...(tlsSecret === undefined ? {} : { 'traefik.ingress.kubernetes.io/router.tls': 'true' }),
  }),
  // Event streams are open for long and say something rarely.
  nginx: ({ tlsSecret }) => ({
    'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
    'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600',
    'nginx.ingress.kubernetes.io/proxy-send-timeout': '3600',
    ...(tlsSecret === undefined ? { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' } : {}),
  }),
  haproxy: ({ tlsSecret }) => ({
    'haproxy.org/timeout-server': '3600s',
    ...(tlsSecret === undefined ? { 'haproxy.org/ssl-redirect': 'false' } : {}),
  }),
};

/** Neither text of a configuration, nor names of Secrets and other objects, nor other hosts and paths. */
const HARMLESS: readonly RegExp[] = [
  /^traefik\.ingress\.kubernetes\.io\/router\.(entrypoints|priority|tls)$/,
  /^nginx\.ingress\.kubernetes\.io\/(proxy-(body-size|buffering|buffer-size|buffers-number|connect-timeout|http-version|read-timeout|request-buffering|send-timeout)|(force-)?ssl-redirect|limit-(burst-multiplier|connections|rate|rate-after|rpm|rps)|(denylist|whitelist)-source-range|cors-[a-z-]+|enable-cors)$/,
  /^haproxy\.org\/(timeout-[a-z-]+|ssl-redirect|ssl-redirect-code|rate-limit-[a-z-]+|allow-list|deny-list|cors-[a-z-]+|load-balance|pod-maxconn)$/,
];

/**
 * Annotations of an Ingress. Those of the server win over ours. They may do anything that the ingress controller may, for all
 * who use it, so only known ones are taken, and those that the installation admits.
 */
export function ingressAnnotations(
  { spec }: MCPServer,
  ingressClass: string,
  { ingress }: PlanSettings,
): Readonly<Record<string, string>> {
  const declared = spec.ingressAnnotations ?? {};
  for (const key of Object.keys(declared)) {
    if (HARMLESS.some((known) => known.test(key)) || ingress.annotations.some((rule) => admits(rule, key))) continue;
    return refuse(
      'invalid_resource',
      `spec.ingressAnnotations: \`${key}\` is not one that servers may set`,
      'leave it out, or admit it by `ingress.annotations` in the settings of the operator',
    );
  }
  const ours = Object.hasOwn(BY_CLASS, ingressClass) ? BY_CLASS[ingressClass]?.(ingress) : {};
  return { ...ours, ...declared };
}

function admits(rule: string, key: string): boolean {
  return rule.endsWith('*') ? key.startsWith(rule.slice(0, -1)) : key === rule;
}
