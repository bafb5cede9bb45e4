/** Members of `params._meta` that say which era a message belongs to (MCP 2026-07-28). */
export const META_KEYS = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
} as const;
