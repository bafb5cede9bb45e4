import { z } from 'zod';
import { NamespaceName, ObjectName } from './resources/meta.ts';

const HttpPath = z
  .string()
  .max(1024)
  .regex(/^\/[^?#\s]*$/, { error: 'must start with `/`, without query or fragment' });

const Port = z.int().min(1).max(65_535);

/** Part of a server's calls that one version of it serves; gateways find its pods by the EndpointSlices of `service`. */
const RouteTrack = z.object({
  track: z.enum(['stable', 'canary']),
  /** Service in the server's own namespace. */
  service: ObjectName,
  /** Where the pods themselves listen: calls go to the address of a pod, not to that of the Service. */
  port: Port,
  /** Path at which the server answers. */
  path: HttpPath,
  /** Share of new sessions and of calls without one, relative to the other tracks; 0 gets none. */
  weight: z.int().min(0).max(1_000_000),
});

/**
 * How a gateway serves one server: what `route.json` beside its policy document holds. Unknown members are dropped, so that
 * a gateway reads what a newer operator wrote.
 */
export const GatewayRoute = z.object({
  schema_version: z.literal('v1'),
  server: z.object({ namespace: NamespaceName, name: ObjectName }),
  /** On the gateway, such as `/files/mcp`. */
  path: HttpPath,
  /** Host names under which clients reach it, beside those that the gateway allows. */
  hosts: z.array(z.string().min(1).max(253)).max(64).optional(),
  /** Absent while the server is stopped: calls are refused as unavailable. */
  upstream: z
    .union([
      z.strictObject({ tracks: z.array(RouteTrack).min(1).max(2) }),
      /** Named by the server's owner (`source.url`): it must be on the internet, or in a range that the gateway opens. */
      z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
      /** The same pod, over loopback; for a gateway that is its sidecar. */
      z.strictObject({ pod: z.strictObject({ port: Port, path: HttpPath }) }),
    ])
    .optional(),
  /**
   * Services whose pods are of this server too, for a gateway that is a sidecar: sessions that a client began there go on there.
   * Beside `upstream` and not in it, so that a gateway which does not know it serves its own pod.
   */
  peers: z.array(ObjectName).max(2).optional(),
  /** It may have no pod for being idle: then a call waits for one, and what it told of itself is answered meanwhile. */
  may_sleep: z.boolean().optional(),
  audit: z.object({ arguments: z.enum(['none', 'redacted']), strict: z.boolean() }),
  /** `source` of the route's audit events. */
  event_source: z.string().max(256),
});

export type GatewayRoute = z.infer<typeof GatewayRoute>;
export type RouteTrack = z.infer<typeof RouteTrack>;
