import { type MCPServer, keyOf, keyText, resolveServer } from '@mcp-runtime/api';
import { conditionFaults } from '@mcp-runtime/policy';
import { type World } from './world.ts';

export function serverWarnings(server: MCPServer, world: World): readonly string[] {
  return [...pathWarnings(server, world), ...conditionWarnings(server, world)];
}

/** The server that was there first keeps the path. A warning: it may be about to go. */
function pathWarnings(server: MCPServer, world: World): readonly string[] {
  const path = resolveServer(server).publicPath;
  const own = keyText(keyOf(server));
  const holder = world
    .servers()
    .find(
      (other) => keyText(keyOf(other)) !== own && resolveServer(other).publicPath === path && sharesHost(server, other),
    );
  if (holder === undefined) return [];
  const whose =
    holder.metadata.namespace === server.metadata.namespace
      ? `server \`${keyText(keyOf(holder))}\``
      : 'a server of another namespace';
  return [
    `spec.publicPathPrefix: path \`${path}\` belongs to ${whose}; this one gets no route until it is free: set another prefix`,
  ];
}

/** Without a host a route is there for every host. */
function sharesHost(one: MCPServer, other: MCPServer): boolean {
  const [a, b] = [one.spec.ingressHost?.trim() ?? '', other.spec.ingressHost?.trim() ?? ''];
  return a === '' || b === '' || a === b;
}

/** Grants whose conditions no longer fit the arguments of a tool: none of them allows a call any more. */
function conditionWarnings(server: MCPServer, world: World): readonly string[] {
  const before = world.server(keyOf(server));
  // What the running server told of its tools stays known.
  const after = before?.status === undefined ? server : { ...server, status: before.status };
  return world.grantsOn(keyOf(server)).flatMap((grant) => {
    const known = before === undefined ? [] : conditionFaults(grant, before);
    const fresh = conditionFaults(grant, after).filter((fault) => !known.includes(fault));
    return fresh.map((fault) => `spec.tools: MCPAccessGrant ${keyText(keyOf(grant))} no longer fits: ${fault}`);
  });
}
