import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTER } from '../../../packages/api/src/index.ts';
import { SECRETS } from '../../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';
import { type TestCertificate } from '../../../apps/gateway/src/testing/certificates.ts';

interface Asked {
  /** Of the installation whose authority signs. */
  readonly namespace: string;
  /** Where its files are put. */
  readonly folder: string;
  readonly spiffeId: string;
}

/** A certificate that somebody made who may read the authority, by the command of the guide. */
export async function clientCertificate(
  client: KubernetesClient,
  { namespace, folder, spiffeId }: Asked,
): Promise<TestCertificate> {
  const { data = {} } = (await client.get(SECRETS, { namespace, name: CLUSTER.mtlsAuthority })) ?? {};
  for (const name of ['tls.crt', 'tls.key'])
    await writeFile(join(folder, `authority-${name}`), Buffer.from(data[name] ?? '', 'base64'));
  const words =
    `req -x509 -CA authority-tls.crt -CAkey authority-tls.key -days 1 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc ` +
    `-keyout agent.key -out agent.crt -subj /CN=agent -addext basicConstraints=critical,CA:FALSE ` +
    `-addext extendedKeyUsage=clientAuth -addext subjectAltName=URI:${spiffeId}`;
  const { status, stderr } = spawnSync('openssl', words.split(' '), { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return {
    cert: await readFile(join(folder, 'agent.crt'), 'utf8'),
    key: await readFile(join(folder, 'agent.key'), 'utf8'),
  };
}
