import { ANNOTATIONS, AppError, CLUSTER, FIELD_MANAGERS, LABELS, MANAGED_BY, asAppError } from '@mcp-runtime/api';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { CONFIG_MAPS, type ResourceClient, SECRETS, type Secret } from '@mcp-runtime/kube';
import { type AuthorityMaterial, type AuthorityRules, advanced, firstAuthority, signerOf } from './authority.ts';

export interface AuthorityOptions {
  readonly client: ResourceClient;
  /** Of the installation. */
  readonly namespace: string;
  readonly rules: AuthorityRules;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keys of the Secret: those of the authority that signs are named as `kubectl create secret tls` names them. */
const KEYS = {
  certificate: 'tls.crt',
  key: 'tls.key',
  nextCertificate: 'next.crt',
  nextKey: 'next.key',
  trusted: 'ca.crt',
  seed: 'seed',
} as const;
const WRITER = { fieldManager: FIELD_MANAGERS.operator } as const;
const ONE_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

/**
 * Reads the authority of the installation, makes it where there is none, takes it one step further when that is due or asked
 * for, and publishes what is trusted. Rejects with `data_corrupt` for a Secret that holds none: it is never overwritten.
 */
export async function currentAuthority({
  client,
  namespace,
  rules,
  clock,
  log,
}: AuthorityOptions): Promise<AuthorityMaterial> {
  const key = { namespace, name: CLUSTER.mtlsAuthority };
  const secret = await client.get(SECRETS, key);
  const found = secret === undefined ? undefined : read(secret);
  const asked = secret?.metadata.annotations?.[ANNOTATIONS.rotate] === undefined ? 'unasked' : 'asked';
  const next = found === undefined ? firstAuthority(rules, clock()) : advanced(found, rules, clock(), asked);
  if (next !== undefined) {
    await write(client, key, secret, next);
    log.info('the authority for TLS of gateways is another one', { secret: key.name, trusted: next.trusted.length });
  }
  const material = next ?? found ?? firstAuthority(rules, clock());
  await publish(client, namespace, material);
  return material;
}

function read({ metadata, data = {} }: Secret): AuthorityMaterial {
  const text = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();
  const signer = (certificate: string, key: string) => ({ certificate: text(certificate), key: text(key) });
  try {
    const current = signer(KEYS.certificate, KEYS.key);
    signerOf(current);
    const next = data[KEYS.nextKey] === undefined ? undefined : signer(KEYS.nextCertificate, KEYS.nextKey);
    if (next !== undefined) signerOf(next);
    const told = text(KEYS.trusted).match(ONE_CERTIFICATE) ?? [];
    const trusted = told.length === 0 ? [current.certificate] : told;
    const seed = text(KEYS.seed);
    if (seed === '') throw new TypeError(`it has no key \`${KEYS.seed}\``);
    return { current, trusted, seed, ...(next === undefined ? {} : { next }) };
  } catch (cause) {
    throw new AppError('data_corrupt', `the Secret \`${metadata.namespace}/${metadata.name}\` holds no authority`, {
      cause,
      next: 'restore it, or remove it to get a new one (clients then need the new trust bundle)',
    });
  }
}

async function write(
  client: ResourceClient,
  at: { readonly namespace: string; readonly name: string },
  before: Secret | undefined,
  { current, next, trusted, seed }: AuthorityMaterial,
): Promise<void> {
  const texts = {
    [KEYS.certificate]: current.certificate,
    [KEYS.key]: current.key,
    [KEYS.trusted]: trusted.join(''),
    [KEYS.seed]: seed,
    ...(next === undefined ? {} : { [KEYS.nextCertificate]: next.certificate, [KEYS.nextKey]: next.key }),
  };
  const data = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  );
  if (before === undefined) {
    const metadata = { ...at, labels: { [LABELS.managedBy]: MANAGED_BY } };
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data }, WRITER);
    return;
  }
  // What was asked for is done with this write.
  const { [ANNOTATIONS.rotate]: _, ...annotations } = before.metadata.annotations ?? {};
  await client.update(SECRETS, { ...before, metadata: { ...before.metadata, annotations }, data }, WRITER);
}

/** For clients, who are given what is public only. */
async function publish(client: ResourceClient, namespace: string, { trusted }: AuthorityMaterial): Promise<void> {
  const key = { namespace, name: CLUSTER.mtlsTrust };
  const text = trusted.join('');
  const found = await client.get(CONFIG_MAPS, key);
  if (found?.data?.['ca.crt'] === text) return;
  const wanted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { 'ca.crt': text } };
  await client.apply(CONFIG_MAPS, wanted, { ...WRITER, force: 'force' }).catch((cause: unknown) => {
    throw new AppError(asAppError(cause).code, 'what clients of gateways trust cannot be published', { cause });
  });
}
