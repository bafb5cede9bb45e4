import { isIP } from 'node:net';
import { CLUSTER, LABELS, type MCPServer } from '@mcp-runtime/api';
import { APP_LABEL, type DesiredObject, type Fields, ownedMetadata, serverLabels } from './object.ts';
import { placementOf } from './placement.ts';
import { refuse } from './refusal.ts';
import { ADMIN_PORT, GATEWAY_PORT } from './sidecar.ts';
import { type PlanObserved, type PlanSettings } from './settings.ts';

interface Egress {
  readonly host?: string | undefined;
  readonly cidr?: string | undefined;
  readonly ports: readonly number[];
}

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';
const DNS_PORT = 53;
/** The cluster DNS, and the address of its cache on each node (NodeLocal DNSCache), which no selector finds. */
const CLUSTER_DNS: readonly Fields[] = [
  {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: 'kube-system' } },
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  },
  { ipBlock: { cidr: '169.254.20.10/32' } },
];
/** The API server, for gateways in pods. Policies may see it at its Service or at its own addresses, which are no pod's. */
const API_SERVER: Egress = { host: 'kubernetes.default.svc', ports: [443] };
const NPM_REGISTRY = 'https://registry.npmjs.org/';
const PYPI_HOSTS = ['pypi.org', 'files.pythonhosted.org'];

/** Only gateways reach the pods of a server, and it reaches what it declares. */
export function networkPolicy(server: MCPServer, settings: PlanSettings, observed: PlanObserved): DesiredObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(server),
    spec: {
      podSelector: podsOf(server),
      policyTypes: ['Ingress', 'Egress'],
      ingress: placementOf(server, settings) === 'shared' ? fromGateways(settings) : toGateway(server, settings),
      egress: egressRules(server, settings, observed),
    },
  };
}

function fromGateways({ gateway }: PlanSettings): readonly Fields[] {
  return [{ from: [programPods(CLUSTER.gateway, gateway.namespace)], ports: [tcp('http')] }];
}

/**
 * The gateway in the pod is what clients reach, from wherever they are; its metrics are for the installation. The gateway of
 * another pod reaches the server for sessions that were begun here.
 */
function toGateway(server: MCPServer, { gateway }: PlanSettings): readonly Fields[] {
  const monitoring = { namespaceSelector: { matchLabels: { [LABELS.monitoring]: 'true' } } };
  return [
    { ports: [tcp(GATEWAY_PORT)] },
    { from: [{ podSelector: podsOf(server) }], ports: [tcp('http')] },
    { from: [programPods(CLUSTER.operator, gateway.namespace), monitoring], ports: [tcp(ADMIN_PORT)] },
  ];
}

function podsOf(server: MCPServer): Fields {
  return { matchLabels: { [APP_LABEL]: serverLabels(server)[APP_LABEL] ?? '' } };
}

/** Pods of a program of the installation. */
function programPods(program: string, namespace: string): Fields {
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } },
    podSelector: { matchLabels: { [LABELS.program]: program } },
  };
}

function tcp(port: number | string): Fields {
  return { port, protocol: 'TCP' };
}

/** Hosts that a server reaches by name: rules name addresses, so somebody has to look them up. Sorted. */
export function egressHosts(server: MCPServer, settings: PlanSettings): readonly string[] {
  const hosts = egressOf(server, settings).flatMap(({ host }) =>
    host === undefined || isIP(host) !== 0 ? [] : [host],
  );
  return [...new Set(hosts)].toSorted();
}

function egressRules(server: MCPServer, settings: PlanSettings, observed: PlanObserved): readonly Fields[] {
  if (server.spec.network?.egress === undefined && settings.egressDefault === 'allow') return [{}];
  return [
    dnsRule(settings),
    ...egressOf(server, settings).flatMap((egress) => egressRule(egress, observed)),
    ...(placementOf(server, settings) === 'sidecar' ? besideRules(server, observed) : []),
  ];
}

/** What a gateway in the pod reaches beside what it is told to: the API server, and the server in the other pods. */
function besideRules(server: MCPServer, { apiServer }: PlanObserved): readonly Fields[] {
  const byPort = Map.groupBy(apiServer, ({ port }) => port);
  const api = [...byPort]
    .toSorted(([a], [b]) => a - b)
    .map(([port, at]) => ({
      to: at
        .map(({ address }) => blockOf(address))
        .toSorted()
        .map((cidr) => ({ ipBlock: { cidr } })),
      ports: [tcp(port)],
    }));
  return [...api, { to: [{ podSelector: podsOf(server) }], ports: [tcp(server.spec.port)] }];
}

/** Egress to the DNS of the cluster. */
export function dnsRule({ dns }: Pick<PlanSettings, 'dns'>): Fields {
  const to = dns?.cidrs.map((cidr) => ({ ipBlock: { cidr } })) ?? CLUSTER_DNS;
  return { to, ports: [tcp(DNS_PORT), { port: DNS_PORT, protocol: 'UDP' }] };
}

/** A host that has no address yet is reached by no rule. */
function egressRule({ host, cidr, ports }: Egress, { addresses }: PlanObserved): readonly Fields[] {
  const blocks = cidr === undefined ? addressesOf(host ?? '', addresses).map(blockOf) : [checkedCidr(cidr)];
  if (blocks.length === 0) return [];
  return [{ to: blocks.map((block) => ({ ipBlock: { cidr: block } })), ports: ports.map(tcp) }];
}

function addressesOf(host: string, known: PlanObserved['addresses']): readonly string[] {
  if (isIP(host) !== 0) return [host];
  const found = Object.hasOwn(known, host) ? (known[host] ?? []) : [];
  return [...new Set(found)].filter((address) => isIP(address) !== 0).toSorted();
}

function blockOf(address: string): string {
  return `${address}/${isIP(address) === 6 ? 128 : 32}`;
}

function checkedCidr(cidr: string): string {
  const [address = '', length = ''] = cidr.split('/');
  const version = isIP(address);
  if (version !== 0 && Number(length) <= (version === 6 ? 128 : 32)) return cidr;
  return refuse(
    'invalid_resource',
    `spec.network.egress: \`${cidr}\` is not a range of addresses`,
    'write it like `10.20.0.0/16`',
  );
}

/** What the server declares, where runners get packages from, and what a gateway in the pod asks. */
function egressOf(server: MCPServer, settings: PlanSettings): readonly Egress[] {
  const { spec } = server;
  const { packages } = settings;
  const declared = spec.network?.egress ?? [];
  const sources = [spec.source, spec.rollout?.canary?.source];
  const registries = [
    ...(sources.some((source) => source?.npm !== undefined) ? [originOf(packages.npmRegistry ?? NPM_REGISTRY)] : []),
    ...(sources.some((source) => source?.pypi !== undefined) ? pypiOrigins(packages.pypiIndex) : []),
  ];
  return [...declared, ...registries, ...(placementOf(server, settings) === 'sidecar' ? gatewayEgress(server) : [])];
}

function gatewayEgress({ spec: { auth, upstreamAuth } }: MCPServer): readonly Egress[] {
  const urls = [auth?.mode === 'oauth' ? auth.issuerURL : undefined, upstreamAuth?.tokenExchange?.tokenURL];
  return [API_SERVER, ...urls.flatMap((url) => (url !== undefined && URL.canParse(url) ? [originOf(url)] : []))];
}

function pypiOrigins(index: string | undefined): readonly Egress[] {
  return index === undefined ? PYPI_HOSTS.map((host) => ({ host, ports: [443] })) : [originOf(index)];
}

function originOf(url: string): Egress {
  const { hostname, port, protocol } = new URL(url);
  const standard = protocol === 'http:' ? 80 : 443;
  return { host: hostname.replaceAll(/[[\]]/g, ''), ports: [port === '' ? standard : Number(port)] };
}
