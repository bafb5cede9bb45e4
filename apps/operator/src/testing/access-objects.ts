import { API_VERSION, MCPAccessGrant, MCPAgentSession, MCPServer, keyOf, keyText } from '@mcp-runtime/api';

const NAMESPACE = 'team-a';

/** A server of namespace `team-a`. */
export function aServer(name: string, spec: object = {}): MCPServer {
  const source = { command: { command: name } };
  const metadata = { name, namespace: NAMESPACE, uid: `uid-${name}`, generation: 1 };
  return MCPServer.parse({ apiVersion: API_VERSION, kind: 'MCPServer', metadata, spec: { source, ...spec } });
}

/** A grant on server `files`, for everybody in nobody's name unless `spec` names a subject. */
export function aGrant(spec: object, namespace = NAMESPACE): MCPAccessGrant {
  const metadata = { name: 'grant', namespace, generation: 1 };
  const given = { serverRef: { name: 'files' }, subject: {}, ...spec };
  return MCPAccessGrant.parse({ apiVersion: API_VERSION, kind: 'MCPAccessGrant', metadata, spec: given });
}

/** A session of `alice` on server `files`. */
export function aSession(spec: object, name = 'session'): MCPAgentSession {
  const metadata = { name, namespace: NAMESPACE, generation: 1 };
  const given = { serverRef: { name: 'files' }, subject: { humanID: 'alice' }, ...spec };
  return MCPAgentSession.parse({ apiVersion: API_VERSION, kind: 'MCPAgentSession', metadata, spec: given });
}

export function viewOf(servers: readonly MCPServer[]): {
  server(key: Parameters<typeof keyText>[0]): MCPServer | undefined;
} {
  return { server: (key) => servers.find((server) => keyText(keyOf(server)) === keyText(key)) };
}
