import { type Condition, type MCPServer } from '@mcp-runtime/api';
import { type Table } from '../../frame/command.ts';

export function readyConditionOf(server: MCPServer): Condition | undefined {
  return server.status?.conditions?.find((condition) => condition.type === 'Ready');
}

/** Tools that the server offers, and those that are declared but missing. */
export function toolTable({ spec, status }: MCPServer): Table {
  const declared = new Map((spec.tools ?? []).map((tool) => [tool.name, tool]));
  const offered = (status?.tools ?? []).map(({ name, proposedSideEffect }) => {
    const tool = declared.get(name);
    return tool === undefined
      ? [name, `${proposedSideEffect} (proposed)`, '', 'not declared: never callable']
      : [name, tool.sideEffect, tool.requiredTrust, 'declared'];
  });
  const missing = (status?.missingTools ?? []).map((name) => {
    const tool = declared.get(name);
    return [name, tool?.sideEffect ?? '', tool?.requiredTrust ?? '', 'declared, but not offered'];
  });
  return {
    columns: ['tool', 'side effect', 'trust', 'state'],
    rows: [...offered, ...missing],
    empty: 'no tools are known yet',
  };
}
