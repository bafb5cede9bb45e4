import { type Condition, type MCPServer, type MCPServerSpec, taggedImage } from '@mcp-runtime/api';
import { type Table } from '../frame/command.ts';

export function readyConditionOf(server: MCPServer): Condition | undefined {
  return server.status?.conditions?.find((condition) => condition.type === 'Ready');
}

/** What is to run, as it is declared: `npm files@1.4.2`. */
export function sourceText({ image, imageTag, source }: MCPServerSpec): string {
  if (source?.npm !== undefined) return `npm ${source.npm.package}@${source.npm.version}`;
  if (source?.pypi !== undefined) return `pypi ${source.pypi.package}==${source.pypi.version}`;
  if (source?.command !== undefined) return `command ${source.command.command}`;
  if (source?.url !== undefined) return source.url;
  return `image ${source?.image ?? taggedImage(image ?? '', imageTag)}`;
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
