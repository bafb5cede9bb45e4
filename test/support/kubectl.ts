import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** What kubectl prints, on the cluster of KUBECONFIG. `input` is its standard input. Fails with what it complains of. */
export async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('kubectl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const status = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.race([
    Promise.all([text(child.stdout), text(child.stderr), status]),
    failed,
  ]);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with status ${code}: ${stderr.trim()}`);
  return stdout;
}

export function applyIn(namespace: string, items: readonly object[]): Promise<string> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return kubectl(['--namespace', namespace, 'apply', '-f', '-'], list);
}

/** Why a test that needs kube-controller-manager is skipped here; false where it runs: it makes this service account. */
export async function skipWithoutControllers(): Promise<string | false> {
  const get = ['get', 'serviceaccount', 'default', '--namespace=default', '--ignore-not-found', '--output=name'];
  return (await kubectl(get)) === '' ? 'this cluster has no kube-controller-manager' : false;
}

export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  /** kubectl in that namespace. */
  readonly kubectl: typeof kubectl;
  apply(...objects: readonly object[]): Promise<string>;
}

/** A namespace of its own for one test; its end is not waited for. */
export async function testNamespace(
  prefix: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<TestNamespace> {
  const metadata = { generateName: `${prefix}-`, labels };
  const made = { apiVersion: 'v1', kind: 'Namespace', metadata };
  const name = await kubectl(['create', '-f', '-', '-o', 'jsonpath={.metadata.name}'], JSON.stringify(made));
  return {
    name,
    kubectl: (args, input) => kubectl(['--namespace', name, ...args], input),
    apply: (...objects) => applyIn(name, objects),
    [Symbol.asyncDispose]: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=false']);
    },
  };
}
