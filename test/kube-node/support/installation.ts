// The product as an installer gets it, on the cluster of the suite: what `npm run manifest` prints, applied.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { CLUSTER, LABELS } from '../../../packages/api/src/index.ts';
import { issueSessionToken, openKeyRing } from '../../../packages/control-plane/src/index.ts';
import { type KubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';
import { openClient } from '../../kube-api/support/cluster.ts';
import { kubectl } from '../../support/kubectl.ts';
import { IN_NAMESPACE } from './pods.ts';

/** The node has no way out: this one has what `node_modules` holds. */
const SETTINGS = ['imagePullPolicy=Never', 'settings={packages: {npmRegistry: "http://10.240.0.1:4873"}}'] as const;
const MANIFEST = new URL('../../../scripts/manifest.ts', import.meta.url).pathname;
const TOKEN_SECONDS = 3600;

export interface Installation {
  readonly client: KubernetesClient;
  /** Of the shared gateways: `http://ADDRESS`. */
  readonly gateway: string;
  /** Where an MCP server is called, by the address of the gateways: names of the cluster mean nothing to a test. */
  endpoint(namespace: string, server: string): Promise<string>;
  /** A token for an agent session, signed with the key of the installation. */
  sessionToken(namespace: string, session: string): Promise<string>;
}

/** What keeps the pods of a program: which of the two is for the settings to say. */
const KEEPERS = ['Deployment', 'StatefulSet'] as const;

interface Release {
  /** What prints its manifests; that of this checkout unless given. */
  readonly script?: string;
  /** Whether definitions of resources are applied too (CRDs), or those that are there left. */
  readonly definitions?: 'applied' | 'left';
}

/** Applies the manifests with `settings` (`PATH=VALUE`), and waits until everything is available. What is there is taken over. */
export async function install(
  settings: readonly string[] = [],
  { script = MANIFEST, definitions = 'applied' }: Release = {},
): Promise<Installation> {
  const set = [...SETTINGS, ...settings].flatMap((setting) => ['--set', setting]);
  const args = ['--disable-warning=ExperimentalWarning', script, ...set];
  const { stdout: printed } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
  const manifest = definitions === 'applied' ? printed : withoutDefinitions(printed);
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], manifest);
  const kept = keepersIn(manifest);
  for (const one of kept) await kubectl([...IN_NAMESPACE, 'rollout', 'status', one, '--timeout=180s']);
  const others = KEEPERS.map((kind) => keeper(kind, CLUSTER.gateway)).filter((one) => !kept.includes(one));
  await kubectl([...IN_NAMESPACE, 'delete', '--ignore-not-found', '--cascade=foreground', ...others]);
  const address = await kubectl([...IN_NAMESPACE, 'get', 'service', CLUSTER.gateway, '-o=jsonpath={.spec.clusterIP}']);
  const gateway = `http://${address}`;
  const client = await openClient();
  return {
    client,
    gateway,
    endpoint: async (namespace, server) => {
      const get = ['--namespace', namespace, 'get', 'mcpserver', server, '-o=jsonpath={.status.endpoint}'];
      return new URL(new URL(await kubectl(get)).pathname, gateway).href;
    },
    sessionToken: (namespace, session) => sessionToken(client, namespace, session),
  };
}

function withoutDefinitions(manifest: string): string {
  const documents = manifest.split(/^---$/m);
  return documents.filter((one) => !/^kind: CustomResourceDefinition$/m.test(one)).join('---');
}

function keepersIn(manifest: string): readonly string[] {
  const objects: readonly { kind: string; metadata: { name: string } }[] = parseAllDocuments(manifest).map((one) =>
    one.toJS(),
  );
  return objects.flatMap(({ kind, metadata: { name } }) =>
    KEEPERS.some((known) => known === kind) ? [keeper(kind, name)] : [],
  );
}

function keeper(kind: string, name: string): string {
  return `${kind.toLowerCase()}/${name}`;
}

async function sessionToken(client: KubernetesClient, namespace: string, session: string): Promise<string> {
  const ring = await openKeyRing(
    { place: 'the Secret of the signing key', read: signingKey, write: () => Promise.reject(new Error('read only')) },
    Date.now,
  );
  const options = { client, key: ring.signingKey(), ttlSeconds: TOKEN_SECONDS, now: Date.now() };
  return (await issueSessionToken({ namespace, name: session }, options)).token;
}

async function signingKey(): Promise<string> {
  const { secret, key } = CLUSTER.signingKey;
  const path = key.replaceAll('.', String.raw`\.`);
  const encoded = await kubectl([...IN_NAMESPACE, 'get', 'secret', secret, `-o=jsonpath={.data.${path}}`]);
  return Buffer.from(encoded, 'base64').toString('utf8');
}

/** The last lines of what runs in the pods of servers. */
async function logsOf(namespace: string, servers: readonly string[]): Promise<string> {
  const selector = `--selector=${LABELS.server} in (${servers.join(', ')})`;
  const get = ['--namespace', namespace, 'logs', selector, '--all-containers', '--prefix', '--tail=20'];
  return kubectl(get).catch(String);
}

/** Waits until servers are Ready; says of the others what they wait for. */
export async function allReady(namespace: string, servers: readonly string[], timeout = '240s'): Promise<void> {
  const names = servers.map((server) => `mcpserver/${server}`);
  try {
    await kubectl(['--namespace', namespace, 'wait', '--for=condition=Ready', `--timeout=${timeout}`, ...names]);
  } catch (error) {
    const state = await kubectl(['--namespace', namespace, 'get', 'mcpservers,pods', '--output=wide']);
    throw new Error(`not every server is Ready:\n${state}\n${await logsOf(namespace, servers)}`, { cause: error });
  }
}
