import { type MCPServer, type SideEffect } from '@mcp-runtime/api';
import { typeLines } from '@mcp-runtime/policy';
import { type HandshakeTool } from './ports.ts';

type InventoryTool = NonNullable<NonNullable<MCPServer['status']>['tools']>[number];

const MAX_DESCRIPTION = 200;

/** The tools that a server offers, each with a proposal of what it may do. */
export function inventoryOf(server: MCPServer, offered: readonly HandshakeTool[]): readonly InventoryTool[] {
  const declared = new Set((server.spec.tools ?? []).map(({ name }) => name));
  return offered.map((tool) => ({
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: firstLine(tool.description) }),
    declared: declared.has(tool.name),
    proposedSideEffect: proposalFor(tool),
    ...claimOf(tool),
    ...(declared.has(tool.name) ? argumentsOf(tool) : {}),
  }));
}

/** Types of the arguments of a governed tool. */
function argumentsOf({ inputSchema }: HandshakeTool): Pick<InventoryTool, 'arguments'> {
  const lines = typeLines(inputSchema);
  return lines === undefined ? {} : { arguments: [...lines] };
}

/** Declared, but not offered. */
export function missingTools(server: MCPServer, offered: readonly HandshakeTool[]): readonly string[] {
  const names = new Set(offered.map(({ name }) => name));
  return (server.spec.tools ?? []).map(({ name }) => name).filter((name) => !names.has(name));
}

/** Annotations are claims of the server (MCP 2025-11-25, "Tool annotations"): a proposal, never a decision. */
function proposalFor({ annotations }: HandshakeTool): SideEffect {
  if (annotations.readOnlyHint === true) return 'read';
  return annotations.destructiveHint === false ? 'write' : 'destructive';
}

/** What annotations say and do not leave to their defaults. */
function claimOf({ annotations }: HandshakeTool): Pick<InventoryTool, 'claimedSideEffect'> {
  const { readOnlyHint, destructiveHint } = annotations;
  if (readOnlyHint === true)
    return destructiveHint === true ? { claimedSideEffect: 'destructive' } : { claimedSideEffect: 'read' };
  if (destructiveHint === true) return { claimedSideEffect: 'destructive' };
  return readOnlyHint === false ? { claimedSideEffect: 'write' } : {};
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, MAX_DESCRIPTION);
}
