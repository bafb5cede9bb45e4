import {
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type ObjectKey,
  keyOf,
  keyText,
} from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';
import { conditionFaults, isAbout, renderPolicy, stamp } from '@mcp-runtime/policy';
import { type GatewayPublisher } from './ports.ts';

interface PolicyViews {
  readonly server: (key: ObjectKey) => MCPServer | undefined;
  readonly grants: () => readonly MCPAccessGrant[];
  readonly sessions: () => readonly MCPAgentSession[];
}

/** Renders policies and hands them to gateways, within the change that caused them: no queue, no delay. */
export interface PolicyLoop {
  /** After a change of a server. */
  onServer(key: ObjectKey): void;
  /** After a change of a grant or session: the server that it names, before and after. */
  onAccess(object: MCPAccessGrant | MCPAgentSession): void;
  revision(key: ObjectKey): string | undefined;
}

interface PolicyLoopOptions {
  readonly views: PolicyViews;
  readonly publisher: Pick<GatewayPublisher, 'publishPolicy' | 'removePolicy'>;
  readonly cluster: string | undefined;
  readonly log: Logger;
}

export function createPolicyLoop({ views, publisher, cluster, log }: PolicyLoopOptions): PolicyLoop {
  const published = new Map<string, string>();
  /** Which server an object named when it was last seen: it may have been changed to name another. */
  const named = new Map<string, ObjectKey>();

  function publish(key: ObjectKey): void {
    const server = views.server(key);
    if (server === undefined) {
      if (published.delete(keyText(key))) publisher.removePolicy(key);
      return;
    }
    const { document, ignored } = renderPolicy({
      server,
      grants: views.grants(),
      sessions: views.sessions(),
      ...(cluster === undefined ? {} : { cluster }),
    });
    const stamped = stamp(document);
    if (published.get(keyText(key)) === stamped.revision) return;
    for (const object of ignored) {
      log.warn('ignored: its namespace is not admitted by the server', {
        kind: object.kind,
        object: keyText(object.key),
        server: keyText(key),
      });
    }
    for (const grant of views.grants().filter((one) => isAbout(one, server))) {
      for (const fault of conditionFaults(grant, server))
        log.warn('a condition is at fault: its rule helps nobody', { grant: keyText(keyOf(grant)), fault });
    }
    publisher.publishPolicy(key, stamped);
    published.set(keyText(key), stamped.revision);
  }

  return {
    onServer: publish,
    onAccess: (object) => {
      const id = `${object.kind}/${keyText(keyOf(object))}`;
      const now = serverOf(object);
      const before = named.get(id);
      named.set(id, now);
      publish(now);
      if (before !== undefined && keyText(before) !== keyText(now)) publish(before);
    },
    revision: (key) => published.get(keyText(key)),
  };
}

function serverOf({ metadata, spec }: MCPAccessGrant | MCPAgentSession): ObjectKey {
  return { namespace: spec.serverRef.namespace ?? metadata.namespace, name: spec.serverRef.name };
}
