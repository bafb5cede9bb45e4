import { type MCPAccessGrant, type MCPServer, type ObjectKey } from '@mcp-runtime/api';

/** What is known of the other resources. It may be a moment old, and nothing while the operator has not yet listed. */
export interface World {
  server(key: ObjectKey): MCPServer | undefined;
  servers(): readonly MCPServer[];
  /** Of all namespaces; also those that their server does not admit. */
  grantsOn(server: ObjectKey): readonly MCPAccessGrant[];
}
