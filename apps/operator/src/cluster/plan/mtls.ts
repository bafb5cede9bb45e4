import { type MCPServer } from '@mcp-runtime/api';
import { workloadName } from './names.ts';
import { type DesiredObject, ownedMetadata } from './object.ts';
import { isMtls } from './placement.ts';
import { refuse } from './refusal.ts';
import { publicHostOf } from './route-objects.ts';
import { type PlanSettings } from './settings.ts';

const SUFFIX = '-gateway-mtls';
/** Hours. A certificate is new long before the old one ends, and a stolen one is of use for a day at most. */
const LIFE = { duration: '24h', renewBefore: '8h' };

/** Secret with `tls.crt`, `tls.key` and the authority of callers, `ca.crt`. */
export function certificateSecret({ metadata }: MCPServer): string {
  return workloadName(metadata.name, SUFFIX);
}

/**
 * What a server needs whose callers prove themselves by certificates. Its gateway ends the handshake itself, so that what is
 * in front passes connections on as they are.
 */
export function mtlsObjects(server: MCPServer, settings: PlanSettings): readonly DesiredObject[] {
  if (!isMtls(server)) return [];
  const { issuer, issuerRef, passthrough } = settings.mtls;
  return [
    ...(issuer === 'cert-manager' ? [certificate(server, settings, issuerRef)] : []),
    ...(passthrough === 'traefik' ? [tcpRoute(server, settings)] : []),
  ];
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
  const { name, namespace } = server.metadata;
  const service = workloadName(name);
  const host = publicHostOf(server, settings);
  const ends = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: ownedMetadata(server, SUFFIX),
    spec: {
      secretName: certificateSecret(server),
      ...LIFE,
      dnsNames: [...ends.map((end) => service + end), ...(host === undefined ? [] : [host])],
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
