import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_MAPS, DEPLOYMENTS, SECRETS } from '../../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';
import { isRecord } from '../../../packages/base/src/index.ts';
import { until } from '../../support/until.ts';

type Source = Readonly<Record<'secret' | 'configMap', { readonly name: string } | undefined>>;

/**
 * What a kubelet does for the volume `gateway-tls` of a server's pods: writes the files of its sources into a folder. Returns
 * the text of the certificate. Waits until all of them are there.
 */
export async function fillTlsVolume(
  client: KubernetesClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  folder: string,
): Promise<string> {
  const files = await until('what the volume is made of is there', async () => {
    const deployment = await client.get(DEPLOYMENTS, { namespace, name });
    const parts = await Promise.all(
      sourcesOf(deployment?.spec).map(async ({ secret, configMap }) => {
        if (configMap !== undefined) return (await client.get(CONFIG_MAPS, { namespace, name: configMap.name }))?.data;
        const data = (await client.get(SECRETS, { namespace, name: secret?.name ?? '' }))?.data;
        return (
          data &&
          Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]))
        );
      }),
    );
    return parts.length > 0 && parts.every((part) => part !== undefined) ? Object.assign({}, ...parts) : undefined;
  });
  for (const [file, text] of Object.entries<string>(files)) {
    await writeFile(join(folder, `${file}.new`), text);
    await rename(join(folder, `${file}.new`), join(folder, file));
  }
  return String(files['tls.crt']);
}

function sourcesOf(spec: unknown): readonly Source[] {
  const text = JSON.stringify(spec ?? {});
  const volumes: unknown = JSON.parse(text).template?.spec?.volumes ?? [];
  const found = Array.isArray(volumes)
    ? volumes.find((one) => isRecord(one) && one['name'] === 'gateway-tls')
    : undefined;
  return found?.projected?.sources ?? [];
}
