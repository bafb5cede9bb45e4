import { CLUSTER, type MCPServer } from '@mcp-runtime/api';
import { workloadName } from './names.ts';
import { type DesiredObject, type Fields, ownedMetadata } from './object.ts';
import { isMtls } from './placement.ts';
import { refuse } from './refusal.ts';
import { publicHostOf } from './route-objects.ts';
import { type PlanObserved, type PlanSettings, type ServingMaterial } from './settings.ts';

const SUFFIX = '-gateway-mtls';
const KEY = 'tls.key';
/** Hours. A certificate is new long before the old one ends, and a stolen one is of use for a day at most. */
const LIFE = { duration: '24h', renewBefore: '8h' };

/** Where a gateway finds `tls.crt`, `tls.key` and the authorities of callers, `ca.crt`: sources of a projected volume. */
export function certificateSources(
  { metadata }: MCPServer,
  settings: PlanSettings,
  observed: PlanObserved,
): readonly Fields[] {
  const name = certificateName(metadata);
  if (settings.mtls.issuer === 'cert-manager') return [{ secret: { name } }];
  return [
    { secret: { name: observed.serving?.keySecret ?? name, items: [{ key: KEY, path: KEY }] } },
    { configMap: { name } },
  ];
}

/** Of the Secret, or ConfigMap, with the certificate of a server's gateway. */
export function certificateName({ name }: Pick<MCPServer['metadata'], 'name'>): string {
  return workloadName(name, SUFFIX);
}

/** Names by which callers reach the gateway of a server: those of its Service, and the public one. */
export function certificateHosts(server: MCPServer, settings: Pick<PlanSettings, 'ingress'>): readonly string[] {
  const { name, namespace } = server.metadata;
  const host = publicHostOf(server, settings);
  const ends = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
  return [...ends.map((end) => workloadName(name) + end), ...(host === undefined ? [] : [host])];
}

/**
 * What a server needs whose callers prove themselves by certificates. Its gateway ends the handshake itself, so that what is
 * in front passes connections on as they are.
 */
export function mtlsObjects(
  server: MCPServer,
  settings: PlanSettings,
  { serving }: PlanObserved,
): readonly DesiredObject[] {
  if (!isMtls(server)) return [];
  const { issuer, issuerRef, passthrough } = settings.mtls;
  return [
    ...(issuer === 'cert-manager' ? [certificate(server, settings, issuerRef)] : []),
    ...(issuer === 'builtin' ? [issued(server, serving)] : []),
    ...(passthrough === 'traefik' ? [tcpRoute(server, settings)] : []),
  ];
}

/** What is public of it: another one takes its place in good time, and gateways read it again. */
function issued(server: MCPServer, serving: ServingMaterial | undefined): DesiredObject {
  if (serving === undefined) {
    return refuse(
      'invalid_config',
      'spec.auth.mode: is `mtls`, and the operator cannot read the authority of the installation',
      `look at its log, and at the Secret \`${CLUSTER.mtlsAuthority}\``,
    );
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(server, SUFFIX),
    data: { 'tls.crt': serving.certificate, 'ca.crt': serving.clientAuthorities },
  };
}

function certificate(
  server: MCPServer,
  settings: PlanSettings,
  issuerRef: PlanSettings['mtls']['issuerRef'],
): DesiredObject {
  if (issuerRef === undefined) {
    return refuse(
      'invalid_config',
      'spec.auth.mode: is `mtls`, and the installation names no issuer of certificates',
      'set `mtls.issuerRef` in the settings of the operator',
    );
  }
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: ownedMetadata(server, SUFFIX),
    spec: {
      secretName: certificateName(server.metadata),
      ...LIFE,
      dnsNames: certificateHosts(server, settings),
      usages: ['digital signature', 'key encipherment', 'server auth'],
      issuerRef: { group: 'cert-manager.io', ...issuerRef },
    },
  };
}

/** Traefik's own kind: an Ingress cannot say that a connection is passed on unopened. */
function tcpRoute(server: MCPServer, settings: PlanSettings): DesiredObject {
  const host = publicHostOf(server, settings);
  if (host === undefined) {
    return refuse(
      'invalid_resource',
      'spec.ingressHost: is missing; connections with client certificates are told apart by their host alone',
      'set it, or `mtls.passthrough` to `none` in the settings of the operator',
    );
  }
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRouteTCP',
    metadata: ownedMetadata(server),
    spec: {
      entryPoints: (settings.ingress.entryPoints ?? 'websecure').split(',').map((one) => one.trim()),
      routes: [
        {
          match: `HostSNI(\`${host}\`)`,
          services: [{ name: workloadName(server.metadata.name), port: server.spec.servicePort }],
        },
      ],
      tls: { passthrough: true },
    },
  };
}
