import { isRecord } from '@mcp-runtime/base';
import { type Identity, type Policy } from '@mcp-runtime/policy';

type ClaimPaths = NonNullable<NonNullable<Policy['document']['auth']>['claims']>;

const USUAL = {
  human: ['sub'],
  agent: ['azp', 'client_id'],
  team: ['team_id', 'tenant_id', 'tid'],
  session: ['sid'],
} as const satisfies Record<Exclude<keyof Identity, 'sessionNamespace'>, readonly string[]>;

/**
 * Who an access token names: by the claims that the policy points to, or else the usual ones. Undefined when a claim that is
 * asked for is there and is no text: left out, it could keep a rule from matching.
 */
export function identityOfClaims(
  payload: Readonly<Record<string, unknown>>,
  paths: ClaimPaths | undefined,
): Identity | undefined {
  const human = firstText(payload, paths?.human, USUAL.human);
  const agent = firstText(payload, paths?.agent, USUAL.agent);
  const team = firstText(payload, paths?.team, USUAL.team);
  const session = firstText(payload, paths?.session, USUAL.session);
  if (human === undefined || agent === undefined || team === undefined || session === undefined) return undefined;
  return { human, agent, team, session };
}

function firstText(
  payload: Readonly<Record<string, unknown>>,
  path: string | undefined,
  usual: readonly string[],
): string | undefined {
  const values = path === undefined ? usual.map((name) => ownOf(payload, name)) : [valueAt(payload, path)];
  const texts = values.map((value) => value ?? '');
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  return texts.find((text) => text.trim() !== '') ?? '';
}

/** A name is a claim of the token itself, whatever characters it has; a JSON Pointer (RFC 6901) leads into objects. */
function valueAt(payload: Readonly<Record<string, unknown>>, path: string): unknown {
  if (!path.startsWith('/')) return ownOf(payload, path);
  const names = path.slice(1).split('/');
  return names.reduce<unknown>(
    (value, name) => (isRecord(value) ? ownOf(value, name.replaceAll('~1', '/').replaceAll('~0', '~')) : undefined),
    payload,
  );
}

function ownOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
