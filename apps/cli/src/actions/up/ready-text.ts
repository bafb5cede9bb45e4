import { type MCPAccessGrant, type MCPServer } from '@mcp-runtime/api';
import { GRANTS } from '@mcp-runtime/control-plane';
import { type LocalRuntime } from '@mcp-runtime/local';
import { renderTable } from '../../frame/print.ts';

interface Times {
  readonly version: string;
  readonly startMs: number;
  readonly serversMs: number;
}

/** What is there to use: servers, their governed URLs and tools, and who may do what. */
export async function readyText(runtime: LocalRuntime, servers: readonly MCPServer[], times: Times): Promise<string> {
  const { items: grants } = await runtime.resources.list(GRANTS);
  const total = ((times.startMs + times.serversMs) / 1000).toFixed(1);
  const split = `runtime ${(times.startMs / 1000).toFixed(1)} s, servers ${(times.serversMs / 1000).toFixed(1)} s`;
  return [
    `mcp-runtime ${times.version} is up after ${total} s (${split})`,
    `gateway ${runtime.gatewayUrl}   API ${runtime.apiUrl}`,
    '',
    serverTable(servers),
    grantTable(grants),
  ].join('\n');
}

const SHOWN_TOOLS = 5;

function serverTable(servers: readonly MCPServer[]): string {
  const rows = servers.map(({ metadata, status }) => [
    metadata.name,
    status?.phase ?? 'Pending',
    status?.endpoint ?? '',
    status?.phase === 'Ready' ? toolsText(status.tools ?? []) : (status?.message ?? ''),
  ]);
  return renderTable({
    columns: ['server', 'status', 'governed URL', 'tools'],
    rows,
    empty: 'no servers yet: mcp-runtime server deploy NAME --npm PACKAGE',
  });
}

function toolsText(tools: readonly { readonly name: string }[]): string {
  const shown = tools.slice(0, SHOWN_TOOLS).map(({ name }) => name);
  const more = tools.length - shown.length;
  return `${tools.length}: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function grantTable(grants: readonly MCPAccessGrant[]): string {
  const rows = grants.map(({ spec }) => [
    [spec.subject.humanID, spec.subject.agentID, spec.subject.teamID]
      .filter((part) => part !== undefined)
      .join(' via '),
    spec.serverRef.name,
    `${(spec.allowedSideEffects ?? []).join(', ')} up to trust ${spec.maxTrust}`,
    spec.disabled ? 'nothing: the grant is disabled' : rulesText(spec.toolRules ?? []),
  ]);
  return renderTable({
    columns: ['who', 'server', 'may', 'on tools'],
    rows,
    empty: 'nobody may call anything yet: mcp-runtime access grant init NAME',
  });
}

function rulesText(rules: readonly { readonly name: string; readonly decision: string }[]): string {
  if (rules.length === 0) return 'all';
  const allowed = rules.filter(({ decision }) => decision === 'allow').map(({ name }) => name);
  const denied = rules.filter(({ decision }) => decision === 'deny').map(({ name }) => name);
  return [allowed.join(', '), denied.length === 0 ? '' : `never ${denied.join(', ')}`]
    .filter((part) => part !== '')
    .join('; ');
}
