import { CLUSTER, taggedImage } from '@mcp-runtime/api';
import { refuse } from './refusal.ts';
import { type PlanSettings } from './settings.ts';

interface Registries {
  readonly registryOverride?: string | undefined;
  readonly useProvisionedRegistry: boolean;
  readonly imageTag?: string | undefined;
}

/** Name of an image with tag or digest (distribution reference grammar, without its limits on length of parts). */
const REFERENCE =
  /^([a-zA-Z0-9][-a-zA-Z0-9.]*(:[0-9]+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@[a-z0-9]+:[a-f0-9]{32,})?$/;

/** What the container runtime pulls. Its registry is another one than the name says only where the server asks for that. */
export function imageOf(image: string, spec: Registries, settings: PlanSettings): string {
  const tagged = taggedImage(image.trim(), spec.imageTag);
  const registry = registryOf(spec, settings);
  const reference = registry === undefined ? tagged : `${registry}/${withoutHost(tagged)}`;
  if (REFERENCE.test(reference)) return reference;
  return refuse(
    'invalid_resource',
    `image: \`${reference}\` is not the name of an image`,
    'write it like `team/tool:1.2`',
  );
}

function registryOf(spec: Registries, { registry }: PlanSettings): string | undefined {
  if (spec.useProvisionedRegistry) {
    const url = registry.url ?? (spec.registryOverride?.trim() || undefined);
    if (url !== undefined) return bare(url);
    return refuse(
      'invalid_config',
      'spec.useProvisionedRegistry: is true, and the installation has no registry',
      'set `registry.url` in the settings of the operator, or name the registry in `spec.image`',
    );
  }
  const override = spec.registryOverride?.trim() ?? '';
  return override === '' ? undefined : bare(override);
}

function bare(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/+$/, '');
}

/** The first part of a name is a host when it can be no repository, or is `localhost` (distribution reference). */
function withoutHost(image: string): string {
  const slash = image.indexOf('/');
  const first = slash === -1 ? '' : image.slice(0, slash);
  return /[.:]/.test(first) || first === 'localhost' ? image.slice(slash + 1) : image;
}

/** Explicit pull secrets, or the installation's. */
export function pullSecretsOf(
  declared: readonly string[] | undefined,
  settings: Pick<PlanSettings, 'registry'>,
): readonly string[] {
  const explicit = (declared ?? []).map((name) => name.trim()).filter((name) => name !== '');
  return explicit.length > 0 ? [...new Set(explicit)] : installationPullSecrets(settings);
}

/** The operator copies the installation's under one name; another name is that of what somebody put there by hand. */
export function installationPullSecrets({
  registry: { pullSecret },
}: Pick<PlanSettings, 'registry'>): readonly string[] {
  return pullSecret === undefined ? [] : [...new Set([pullSecret, CLUSTER.pullSecret])];
}
