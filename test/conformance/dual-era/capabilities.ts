import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';

const Capability = z.object({}).optional();
const Capabilities = z.object({
  sampling: Capability,
  elicitation: Capability,
  extensions: z.record(z.string(), z.unknown()).optional(),
});
const Envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: Capabilities });

/** What the client of a 2026-07-28 request can do; nothing in the eras before. */
export function declaredCapabilities({ mcpReq }: ServerContext): z.infer<typeof Capabilities> {
  const read = Envelope.safeParse(mcpReq.envelope);
  return read.success ? read.data[CLIENT_CAPABILITIES_META_KEY] : {};
}
