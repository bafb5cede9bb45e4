import { type KubeObject } from '@mcp-runtime/kube';
import { z } from 'zod';
import { type Verdict, no, yes } from '../../conditions.ts';
import { type ServedNow } from '../engine/revisions.ts';

const ServiceSpec = z.object({ clusterIP: z.string().optional() });
const IngressStatus = z.object({ loadBalancer: z.object({ ingress: z.array(z.unknown()).default([]) }) });
const RouteStatus = z.object({
  parents: z.array(
    z.object({
      conditions: z.array(
        z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string().default('') }),
      ),
    }),
  ),
});

export function serviceVerdict(service: KubeObject | undefined): Verdict {
  if (service === undefined) return no('Creating', 'the Service is not there yet');
  const { data } = ServiceSpec.safeParse(service.spec);
  if ((data?.clusterIP ?? '') === '') return no('AddressPending', 'the Service has no address yet');
  return yes('AddressAssigned', `the Service has address ${data?.clusterIP}`);
}

/** Of the Ingress or HTTPRoute of a server; it says nothing about whether the server answers. */
export function ingressVerdict(ingress: KubeObject | undefined, kind: 'ingress' | 'httproute' | 'none'): Verdict {
  if (kind === 'none') return yes('NotWanted', 'the installation makes no ingress');
  if (ingress === undefined) return no('Creating', 'the ingress is not there yet');
  return kind === 'httproute' ? routeVerdict(ingress) : addressVerdict(ingress);
}

function addressVerdict({ status }: KubeObject): Verdict {
  const { data } = IngressStatus.safeParse(status);
  if ((data?.loadBalancer.ingress.length ?? 0) > 0) return yes('AddressAssigned', 'the ingress has an address');
  return no('AddressPending', 'no ingress controller has given the ingress an address yet');
}

/** Gateway API, "Route status": each parent says whether it has accepted the route. */
function routeVerdict({ status }: KubeObject): Verdict {
  const { data } = RouteStatus.safeParse(status);
  const accepted = (data?.parents ?? []).flatMap(({ conditions }) =>
    conditions.filter(({ type }) => type === 'Accepted'),
  );
  const refusal = accepted.find(({ status: is }) => is !== 'True');
  if (refusal !== undefined) return no(refusal.reason, refusal.message);
  return accepted.length > 0
    ? yes('Accepted', 'the Gateway has accepted the route')
    : no('AcceptPending', 'no Gateway has taken the route yet');
}

const MAX_NAMED = 5;

/** Which gateways serve the policy that was published. */
export function gatewayVerdict({ state, replicas: served }: ServedNow, revision: string | undefined): Verdict {
  if (revision === undefined) return no('PolicyPending', 'there is no policy to serve yet');
  if (served.length === 0) return no('NoGateways', 'no gateway runs');
  if (state === 'unasked') return no('Asking', 'the gateways were not asked yet what they serve');
  const late = served.filter((one) => one.revision !== revision);
  const text = `${served.length - late.length} of ${served.length} gateways serve revision ${revision}`;
  if (late.length === 0) return yes('Serving', text);
  const named = late
    .slice(0, MAX_NAMED)
    .map(({ pod, revision: has }) => `${pod} ${has === undefined ? 'serves none' : `serves ${has}`}`);
  const more = late.length > MAX_NAMED ? `; and ${late.length - MAX_NAMED} more` : '';
  return no('Propagating', `${text}; ${named.join('; ')}${more}`);
}
