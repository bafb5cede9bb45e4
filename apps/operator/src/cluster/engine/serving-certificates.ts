import { createHash } from 'node:crypto';
import { type MCPServer, keyOf, keyText } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type ConfigMap, type ResourceClient } from '@mcp-runtime/kube';
import { type AuthorityMaterial } from '../mtls/authority.ts';
import { type Serving, servingFor } from '../mtls/serving.ts';
import { certificateHosts } from '../plan/mtls.ts';
import { workloadName } from '../plan/names.ts';
import { isMtls } from '../plan/placement.ts';
import { type ServingMaterial } from '../plan/settings.ts';
import { type OperatorSettings } from '../settings.ts';
import { createImmutableSecrets } from './immutable-secrets.ts';

const HASH_CHARACTERS = 8;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Certificates of the gateways of servers whose callers show theirs. */
export interface ServingCertificates {
  /** Undefined where somebody else issues them, or the authority is not known yet. */
  for(server: MCPServer): (ServingMaterial & Pick<Serving, 'renewAt'>) | undefined;
  /** Sees to it that the key is there before pods want it. */
  ensureKey(server: MCPServer): Promise<void>;
}

interface ServingOptions {
  readonly client: ResourceClient;
  readonly settings: Pick<OperatorSettings, 'ingress' | 'mtls'>;
  readonly authority: () => AuthorityMaterial | undefined;
  /** The ConfigMap with the certificate of a server, as it was seen last. */
  readonly observed: (server: MCPServer) => ConfigMap | undefined;
  readonly clock: Clock;
}

/** Keys are in Secrets that never change; certificates, which are public, in ConfigMaps that do. */
export function createServingCertificates(options: ServingOptions): ServingCertificates {
  const { client, settings, clock } = options;
  const secrets = createImmutableSecrets(client, clock);
  /** What was issued last, by server: it may not be seen yet. */
  const issued = new Map<string, string>();

  function current(server: MCPServer): Serving | undefined {
    const authority = options.authority();
    if (authority === undefined || !isMtls(server) || settings.mtls.issuer !== 'builtin') return undefined;
    const id = server.metadata.uid ?? keyText(keyOf(server));
    const hosts = certificateHosts(server, settings)
      .map((host) => host.toLowerCase())
      .filter((host) => HOST_NAME.test(host));
    const observed = options.observed(server)?.data?.['tls.crt'];
    if (observed === issued.get(id)) issued.delete(id);
    const serving = servingFor({ id, hosts }, authority, issued.get(id) ?? observed, clock());
    if (serving.certificate !== observed) issued.set(id, serving.certificate);
    return serving;
  }

  return {
    for: (server) => {
      const serving = current(server);
      if (serving === undefined) return undefined;
      const { certificate, trusted, renewAt } = serving;
      const clientAuthorities = trusted + (settings.mtls.clientAuthorities ?? '');
      return { keySecret: secretName(server, serving), certificate, clientAuthorities, renewAt };
    },
    ensureKey: async (server) => {
      const serving = current(server);
      if (serving === undefined) return;
      await secrets.ensure(server, { name: secretName(server, serving), data: { 'tls.key': serving.key } });
    },
  };
}

function secretName({ metadata }: MCPServer, { key }: Serving): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH_CHARACTERS);
  return workloadName(metadata.name, `-tls-key-${hash}`);
}
