import { type ObjectKey } from '@mcp-runtime/api';
import { type Endpoints } from './endpoints.ts';
import { type PolicySource } from '../policy-source/holder.ts';
import { type Sleeper } from '../sleep/sleeper.ts';

/** A governed server as the gateway sees it. */
export interface Route {
  /** Path on the gateway, such as `/files/mcp`. */
  readonly path: string;
  readonly key: ObjectKey;
  /** Where the server answers; undefined while it does not run. */
  readonly upstream: URL | undefined;
  /**
   * Where its instances answer, when there may be several: then nothing connects to `upstream`, which names the server in
   * what callers hold, such as session ids.
   */
  readonly endpoints?: Endpoints;
  /** With `endpoints`, of a server that may have none for being idle: calls wait for one. */
  readonly sleeper?: Sleeper;
  /** Host names under which it is served too where the gateway serves named ones only. Lower case. */
  readonly hosts?: readonly string[];
  /** Who named that place: the operator and the runtime may name any, which is meant when absent; an owner's is checked. */
  readonly upstreamFrom?: 'operator' | 'owner';
  readonly policy: PolicySource;
  readonly audit: { readonly arguments: 'none' | 'redacted'; readonly strict: boolean };
  /** `source` of the route's audit events. */
  readonly eventSource: string;
}

export interface RouteTable {
  find(path: string): Route | undefined;
  all(): readonly Route[];
  /** Adds or replaces the route of that path. */
  set(route: Route): void;
  remove(path: string): void;
}

/** `onSet` is told of each route that is added or replaced. */
export function createRouteTable(onSet: (route: Route) => void): RouteTable {
  const routes = new Map<string, Route>();
  return {
    find: (path) => routes.get(path),
    all: () => [...routes.values()],
    set: (route) => {
      routes.set(route.path, route);
      onSet(route);
    },
    remove: (path) => void routes.delete(path),
  };
}
