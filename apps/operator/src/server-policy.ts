import { type MCPServer, type PolicyDocument, keyOf, keyText } from '@mcp-runtime/api';
import { type LogFields } from '@mcp-runtime/base';
import { conditionFaults, renderPolicy } from '@mcp-runtime/policy';
import { type AccessIndex } from './access-index.ts';

interface ServerPolicy {
  readonly document: PolicyDocument;
  /** What somebody may have meant and did not get, for the log. */
  readonly warnings: () => readonly { readonly message: string; readonly fields: LogFields }[];
}

/** The policy of a server as its grants and sessions are now. */
export function policyOf(
  server: MCPServer,
  access: Pick<AccessIndex, 'grantsOf' | 'sessionsOf'>,
  cluster: string | undefined,
): ServerPolicy {
  const key = keyOf(server);
  const grants = access.grantsOf(key);
  const { document, ignored } = renderPolicy({
    server,
    grants,
    sessions: access.sessionsOf(key),
    ...(cluster === undefined ? {} : { cluster }),
  });
  return {
    document,
    warnings: () => [
      ...ignored.map((object) => ({
        message: 'ignored: its namespace is not admitted by the server',
        fields: { kind: object.kind, object: keyText(object.key), server: keyText(key) },
      })),
      ...grants.flatMap((grant) =>
        conditionFaults(grant, server).map((fault) => ({
          message: 'a condition is at fault: its rule helps nobody',
          fields: { grant: keyText(keyOf(grant)), fault },
        })),
      ),
    ],
  };
}
