import { ANNOTATIONS, LABELS } from '@mcp-runtime/api';
import { type KubeObject } from '@mcp-runtime/kube';
import { type TenancySettings } from './settings.ts';

export interface TeamGroups {
  /** Sorted, each once. Owners are members. */
  readonly owners: readonly string[];
  readonly members: readonly string[];
  /** What was asked for and is not done, for people. */
  readonly refused: readonly string[];
}

/** Who belongs to the team of a namespace: what its annotations say, otherwise what the settings do. */
export function teamGroups({ metadata }: KubeObject, settings: TenancySettings): TeamGroups {
  const team = metadata.labels?.[LABELS.teamId] ?? '';
  const { [ANNOTATIONS.ownerGroups]: owners, [ANNOTATIONS.memberGroups]: members } = metadata.annotations ?? {};
  const asked = {
    owners: owners === undefined ? fromSettings(settings.ownerGroups, team) : namesIn(owners),
    members: members === undefined ? fromSettings(settings.memberGroups, team) : namesIn(members),
  };
  const all = unique([...asked.owners, ...asked.members]);
  return {
    owners: unique(asked.owners.filter((name) => !isReserved(name))),
    members: all.filter((name) => !isReserved(name)),
    refused: all.filter(isReserved).map((name) => `group \`${name}\` is one of Kubernetes itself and no team`),
  };
}

/** Without a team id there is nobody whom `{team}` could mean. */
function fromSettings(templates: readonly string[], team: string): readonly string[] {
  return templates
    .filter((template) => team !== '' || !template.includes('{team}'))
    .map((template) => template.replaceAll('{team}', team));
}

function namesIn(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** `system:authenticated` is everybody, and the others are more than that. */
function isReserved(name: string): boolean {
  return name.startsWith('system:');
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
