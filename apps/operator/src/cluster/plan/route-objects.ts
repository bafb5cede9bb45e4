import { ANNOTATIONS, LABELS, MANAGED_BY, type MCPServer, keyOf, keyText, resolveServer } from '@mcp-runtime/api';
import { ingressAnnotations } from './annotations.ts';
import { foreignName, workloadName } from './names.ts';
import { type DesiredObject, type Fields, ownedMetadata } from './object.ts';
import { placementOf } from './placement.ts';
import { refuse } from './refusal.ts';
import { type PlanSettings } from './settings.ts';

/** The class that the schema fills in: it stands for the one of the installation. */
const UNSAID = new Set(['', 'traefik']);
/** What a server can name in place of a class. */
const WAYS = ['httproute', 'none'] as const;
/** Where OAuth clients look up who protects a resource (RFC 9728 §3.1): before the path of the resource. */
const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

/** How a server is reached from outside of the cluster: at most one object. */
export function routeObjects(server: MCPServer, settings: PlanSettings): readonly DesiredObject[] {
  const way = wayOf(server, settings);
  if (way.kind === 'none') return [];
  return [way.kind === 'httproute' ? httpRoute(server, settings) : ingress(server, way.class, settings)];
}

type Way =
  | { readonly kind: 'none' }
  | { readonly kind: 'httproute' }
  | { readonly kind: 'ingress'; readonly class: string };

function wayOf({ spec }: MCPServer, { ingress: { kind, class: own } }: PlanSettings): Way {
  const said = spec.ingressClass.trim();
  const way = WAYS.find((one) => one === said);
  if (way !== undefined) return { kind: way };
  if (!UNSAID.has(said)) return { kind: 'ingress', class: said };
  return kind === 'ingress' ? { kind, class: own ?? 'traefik' } : { kind };
}

/** The name by which clients outside of the cluster reach a server; undefined for any. */
export function publicHostOf({ spec }: MCPServer, settings: Pick<PlanSettings, 'ingress'>): string | undefined {
  const declared = spec.ingressHost?.trim() ?? '';
  return declared === '' ? settings.ingress.host : declared;
}

function ingress(server: MCPServer, ingressClass: string, settings: PlanSettings): DesiredObject {
  const { tlsSecret } = settings.ingress;
  const host = publicHostOf(server, settings);
  const { name, port } = backendOf(server, settings);
  const hosts = host === undefined ? {} : { hosts: [host] };
  // The Secret is in the namespace of the gateway alone. Elsewhere the controller's own certificate serves.
  const secret = placementOf(server, settings) === 'shared' ? { secretName: tlsSecret } : {};
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      ...metadataOf(server, settings),
      annotations: { ...addressed(server), ...ingressAnnotations(server, ingressClass, settings) },
    },
    spec: {
      ingressClassName: ingressClass,
      ...(tlsSecret === undefined ? {} : { tls: [{ ...hosts, ...secret }] }),
      rules: [
        {
          ...(host === undefined ? {} : { host }),
          http: {
            paths: pathsOf(server).map((path) => ({
              path,
              pathType: 'Prefix',
              backend: { service: { name, port: { number: port } } },
            })),
          },
        },
      ],
    },
  };
}

function httpRoute(server: MCPServer, settings: PlanSettings): DesiredObject {
  const { parentRef } = settings.ingress;
  if (parentRef === undefined) {
    return refuse(
      'invalid_config',
      'spec.ingressClass: is `httproute`, and the installation names no Gateway for routes to attach to',
      'set `ingress.parentRef` in the settings of the operator',
    );
  }
  const host = publicHostOf(server, settings);
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { ...metadataOf(server, settings), annotations: addressed(server) },
    spec: {
      parentRefs: [parentRef],
      ...(host === undefined ? {} : { hostnames: [host] }),
      rules: [
        {
          matches: pathsOf(server).map((value) => ({ path: { type: 'PathPrefix', value } })),
          backendRefs: [backendOf(server, settings)],
          // Event streams are open for as long as clients want.
          timeouts: { request: '0s' },
        },
      ],
    },
  };
}

function pathsOf(server: MCPServer): readonly string[] {
  const { publicPath } = resolveServer(server);
  return server.spec.auth?.mode === 'oauth' ? [publicPath, RESOURCE_METADATA + publicPath] : [publicPath];
}

/** Shared gateways have one Service in their own namespace, which is all that an Ingress there can name. */
function backendOf(server: MCPServer, settings: PlanSettings): { readonly name: string; readonly port: number } {
  const { service, servicePort } = settings.gateway;
  if (placementOf(server, settings) === 'shared') return { name: service, port: servicePort };
  return { name: workloadName(server.metadata.name), port: server.spec.servicePort };
}

function metadataOf(server: MCPServer, settings: PlanSettings): DesiredObject['metadata'] {
  if (placementOf(server, settings) === 'sidecar') return ownedMetadata(server);
  const key = keyOf(server);
  return {
    name: foreignName(key),
    namespace: settings.gateway.namespace,
    labels: {
      [LABELS.managedBy]: MANAGED_BY,
      [LABELS.server]: workloadName(key.name),
      [LABELS.serverNamespace]: key.namespace,
    },
  };
}

/** A label holds no long name: this does. */
function addressed(server: MCPServer): Fields & Readonly<Record<string, string>> {
  return { [ANNOTATIONS.server]: keyText(keyOf(server)) };
}
