import { ANONYMOUS, type MCPAccessGrant, type MCPServer, resolveServer } from '@mcp-runtime/api';
import { conditionFaults } from '@mcp-runtime/policy';
import { referenceWarnings, serverOf } from './references.ts';
import { type World } from './world.ts';

/** Conditions that cannot be evaluated, or do not fit the arguments of the tools. A server may come later: then the form alone. */
export function grantFaults(grant: MCPAccessGrant, world: World): readonly string[] {
  return conditionFaults(grant, serverOf(grant, world) ?? { spec: {} });
}

export function grantWarnings(grant: MCPAccessGrant, world: World, now: number): readonly string[] {
  const server = serverOf(grant, world);
  return [
    ...referenceWarnings(grant, server),
    ...subjectWarnings(grant, server),
    ...windowWarnings(grant, now),
    ...sideEffectWarnings(grant),
    ...toolWarnings(grant, server),
  ];
}

function subjectWarnings({ spec: { subject } }: MCPAccessGrant, server: MCPServer | undefined): readonly string[] {
  const isNobody = [subject.humanID, subject.agentID, subject.teamID].every((id) => id === undefined || id === '');
  if (isNobody)
    return ['spec.subject: names nobody, so the grant matches nobody: set `humanID`, `agentID` or `teamID`'];
  const mode = server === undefined ? 'none' : resolveServer(server).auth.mode;
  return subject.humanID === ANONYMOUS && mode !== 'none'
    ? [
        `spec.subject.humanID: \`${ANONYMOUS}\` matches nobody at a server with auth mode \`${mode}\`, only with \`none\``,
      ]
    : [];
}

function windowWarnings({ spec: { expiresAt } }: MCPAccessGrant, now: number): readonly string[] {
  return expiresAt !== undefined && Date.parse(expiresAt) <= now
    ? [`spec.expiresAt: \`${expiresAt}\` is past, so the grant counts for nothing`]
    : [];
}

function sideEffectWarnings({ spec: { allowedSideEffects = [] } }: MCPAccessGrant): readonly string[] {
  return allowedSideEffects.length === 0
    ? ['spec.allowedSideEffects: is empty, so the grant allows no tool: add `read`, `write` or `destructive`']
    : [];
}

function toolWarnings({ spec: { toolRules = [] } }: MCPAccessGrant, server: MCPServer | undefined): readonly string[] {
  if (server === undefined) return [];
  const declared = new Set((server.spec.tools ?? []).map(({ name }) => name));
  return toolRules.flatMap(({ name }, index) =>
    declared.has(name) ? [] : [`spec.toolRules[${index}].name: the server declares no tool \`${name}\``],
  );
}
