import { DEFAULT_NAMESPACE, type MCPServer } from '@mcp-runtime/api';
import { renderTable } from '../../../frame/print.ts';
import { toolTable } from '../text.ts';

/** What a person needs to know after a deployment: the URL, the tools, and who may call them. */
export function deployedText(server: MCPServer, grants: number): string {
  const { name } = server.metadata;
  return [
    `server ${name} is ready: ${server.status?.endpoint ?? 'it has no URL'}`,
    '',
    renderTable(toolTable(server)).trimEnd(),
    ...undeclaredNote(server),
    '',
    ...(grants === 0
      ? firstSteps(server)
      : [
          `${grants === 1 ? '1 grant names it' : `${grants} grants name it`}: mcp-runtime access grant list --server ${name}`,
        ]),
  ].join('\n');
}

function undeclaredNote({ status }: MCPServer): readonly string[] {
  const undeclared = (status?.tools ?? []).filter((tool) => !tool.declared);
  if (undeclared.length === 0) return [];
  return [
    '',
    'A tool without a declared side effect can never be called. To declare them as proposed:',
    '  the same command with --accept-tools',
  ];
}

function firstSteps({ metadata }: MCPServer): readonly string[] {
  const { name, namespace } = metadata;
  const where = namespace === DEFAULT_NAMESPACE ? '' : ` -n ${namespace}`;
  const who = `--server ${name} --human-id YOU@EXAMPLE.COM --agent-id AGENT${where}`;
  return [
    'Nobody may call it until a grant says so, and an agent needs a session:',
    `  mcp-runtime access grant init ${name}-agent ${who}`,
    '  mcp-runtime access grant apply -f grant.yaml',
    `  mcp-runtime access session init ${name}-agent ${who} --expires-in 8h`,
    '  mcp-runtime access session apply -f session.yaml',
    `  export MCP_TOKEN=$(mcp-runtime access session token ${name}-agent${where})`,
    `  mcp-runtime server connect-config ${name}${where} --client claude`,
  ];
}
