import { type MCPServer } from '@mcp-runtime/api';
import { APP_LABEL, type DesiredObject, ownedMetadata, serverLabels } from './object.ts';

/** One pod at a time is taken away by choice; one that does not work anyway never holds up a node. */
export function disruptionBudget(server: MCPServer): DesiredObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(server),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { [APP_LABEL]: serverLabels(server)[APP_LABEL] ?? '' } },
    },
  };
}
