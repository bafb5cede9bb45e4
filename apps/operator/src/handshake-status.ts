import { type AppError, type MCPServer, type MCPServerStatus, toConditionReason } from '@mcp-runtime/api';
import { type Verdict, no, yes } from './conditions.ts';
import { inventoryOf, missingTools } from './inventory.ts';
import { type Handshake } from './ports.ts';

/** How the last handshake through the gateway went; undefined before the first one has ended. */
export type ShakenHands =
  | { readonly ok: true; readonly handshake: Handshake }
  | { readonly ok: false; readonly error: AppError }
  | undefined;

export function handshakeVerdict(shakenHands: ShakenHands): Verdict {
  if (shakenHands === undefined) return no('Probing', 'the handshake through the gateway is under way');
  if (!shakenHands.ok) return no(toConditionReason(shakenHands.error.code), shakenHands.error.message);
  return yes('HandshakeSucceeded', 'an MCP handshake through the gateway succeeded');
}

/** What the running server told of itself. */
export function handshakeStatus(
  server: MCPServer,
  shakenHands: ShakenHands,
): Pick<MCPServerStatus, 'protocolVersion' | 'serverInfo' | 'tools' | 'missingTools'> {
  if (shakenHands?.ok !== true) return {};
  const { protocolVersion, serverInfo, tools } = shakenHands.handshake;
  const missing = missingTools(server, tools);
  return {
    protocolVersion,
    serverInfo: { ...serverInfo },
    tools: [...inventoryOf(server, tools)],
    ...(missing.length === 0 ? {} : { missingTools: [...missing] }),
  };
}
