import { type MCPAccessGrant, type MCPAgentSession, type MCPServer, type ObjectKey, keyText } from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';
import { type StateChange } from '@mcp-runtime/kube';
import { createAccessIndex } from './access-index.ts';
import { type GatewayPublisher } from './ports.ts';
import { policyOf } from './server-policy.ts';

/** Renders policies and hands them to gateways, within the change that caused them: no queue, no delay. */
export interface PolicyLoop {
  /** After a change of a server. */
  onServer(key: ObjectKey): void;
  /** After a change of a grant or session: for the server that it names, before and after. */
  onAccess(change: StateChange<MCPAccessGrant | MCPAgentSession>): void;
  revision(key: ObjectKey): string | undefined;
}

interface PolicyLoopOptions {
  readonly server: (key: ObjectKey) => MCPServer | undefined;
  readonly publisher: Pick<GatewayPublisher, 'publishPolicy' | 'removePolicy'>;
  readonly cluster: string | undefined;
  readonly log: Logger;
}

export function createPolicyLoop({ server: serverAt, publisher, cluster, log }: PolicyLoopOptions): PolicyLoop {
  const published = new Map<string, string>();
  const access = createAccessIndex();

  function publish(key: ObjectKey): void {
    const server = serverAt(key);
    if (server === undefined) {
      if (published.delete(keyText(key))) publisher.removePolicy(key);
      return;
    }
    const { document, warnings } = policyOf(server, access, cluster);
    if (published.get(keyText(key)) === document.revision) return;
    for (const { message, fields } of warnings()) log.warn(message, fields);
    publisher.publishPolicy(key, document);
    published.set(keyText(key), document.revision);
  }

  return {
    onServer: publish,
    onAccess: (change) => {
      for (const key of access.take(change)) publish(key);
    },
    revision: (key) => published.get(keyText(key)),
  };
}
