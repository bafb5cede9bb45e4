import { type ObjectKey } from '../../../packages/api/src/index.ts';
import { SERVICE_ACCOUNTS } from '../../../packages/kube/src/index.ts';
import { type ClusterAccess } from '../../../packages/kube/src/kubernetes/index.ts';
import { createRateLimiter } from '../../../packages/kube/src/kubernetes/rate-limiter.ts';
import { Requester } from '../../../packages/kube/src/kubernetes/requester.ts';
import { createTransport } from '../../../packages/kube/src/kubernetes/transport.ts';

/** A token of a service account (Kubernetes API, TokenRequest). */
export async function accountToken(access: ClusterAccess, { namespace, name }: ObjectKey): Promise<string> {
  const closing = new AbortController();
  const transport = createTransport(access);
  const requester = new Requester({
    access,
    transport,
    limiter: createRateLimiter({ qps: 10, burst: 10 }),
    userAgent: 'tests',
    timeoutMs: 10_000,
    maxAnswerBytes: 1_000_000,
    closing: closing.signal,
  });
  const { body } = await requester.ask({
    method: 'POST',
    target: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } },
    what: 'token',
    type: SERVICE_ACCOUNTS,
  });
  transport.close();
  const token: unknown = Reflect.get(Object(Reflect.get(Object(body), 'status')), 'token');
  if (typeof token !== 'string') throw new Error('the API server gave no token');
  return token;
}
