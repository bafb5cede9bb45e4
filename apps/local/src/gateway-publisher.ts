import { type ObjectKey, type PolicyDocument, keyText } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type Gateway, type PolicyHolder, holdPolicy } from '@mcp-runtime/gateway';
import { type GatewayPublisher } from '@mcp-runtime/operator';
import { compilePolicy } from '@mcp-runtime/policy';

export interface LocalPublisher extends GatewayPublisher {
  /** The policy document in force. */
  document(key: ObjectKey): PolicyDocument | undefined;
}

/** Routes and policies by function call: in force when the call returns. */
export function publishTo(gateway: Gateway, clock: Clock): LocalPublisher {
  const holders = new Map<string, PolicyHolder>();
  const documents = new Map<string, PolicyDocument>();
  const holderOf = (key: ObjectKey): PolicyHolder => {
    const holder = holders.get(keyText(key)) ?? holdPolicy(clock);
    holders.set(keyText(key), holder);
    return holder;
  };
  return {
    publishRoute: ({ key, path, upstreamUrl, upstreamFrom, audit, eventSource }) =>
      gateway.routes.set({
        key,
        path,
        upstream: upstreamUrl === undefined ? undefined : new URL(upstreamUrl),
        upstreamFrom,
        policy: holderOf(key),
        audit,
        eventSource,
      }),
    removeRoute: (path) => gateway.routes.remove(path),
    publishPolicy: (key, document) => {
      const publishedAt = clock();
      documents.set(keyText(key), document);
      holderOf(key).publish(compilePolicy(document), publishedAt);
    },
    removePolicy: (key) => {
      documents.delete(keyText(key));
      holders.get(keyText(key))?.withdraw();
      holders.delete(keyText(key));
    },
    urlOf: (path) => `${gateway.url}${path}`,
    document: (key) => documents.get(keyText(key)),
  };
}
