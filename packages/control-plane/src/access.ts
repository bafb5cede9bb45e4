import {
  AppError,
  FIELD_MANAGERS,
  type MCPAccessGrant,
  type MCPAgentSession,
  type ObjectKey,
  asAppError,
} from '@mcp-runtime/api';
import { type ResourceClient, type ResourceType } from '@mcp-runtime/kube';
import { GRANTS, SESSIONS } from './resource-types.ts';

interface ToggleOptions {
  readonly dryRun?: 'dry-run';
}

const ATTEMPTS = 5;

/** Disables or enables a grant. False when it was so already. Rejects with `not_found`. */
export function setGrantDisabled(
  client: ResourceClient,
  key: ObjectKey,
  disabled: boolean,
  options: ToggleOptions = {},
): Promise<boolean> {
  return change(client, GRANTS, key, options, (grant) =>
    grant.spec.disabled === disabled ? undefined : { ...grant, spec: { ...grant.spec, disabled } },
  );
}

/** Revokes a session or takes that back. False when it was so already. Rejects with `not_found`. */
export function setSessionRevoked(
  client: ResourceClient,
  key: ObjectKey,
  revoked: boolean,
  options: ToggleOptions = {},
): Promise<boolean> {
  return change(client, SESSIONS, key, options, (session) =>
    session.spec.revoked === revoked ? undefined : { ...session, spec: { ...session.spec, revoked } },
  );
}

async function change<T extends MCPAccessGrant | MCPAgentSession>(
  client: ResourceClient,
  type: ResourceType<T>,
  key: ObjectKey,
  { dryRun }: ToggleOptions,
  changed: (object: T) => T | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const current = await client.get(type, key);
    if (current === undefined) {
      throw new AppError('not_found', `no ${type.kind} \`${key.namespace}/${key.name}\``);
    }
    const next = changed(current);
    if (next === undefined) return false;
    try {
      await client.update(type, next, {
        fieldManager: FIELD_MANAGERS.api,
        ...(dryRun === undefined ? {} : { dryRun }),
      });
      return true;
    } catch (error) {
      if (asAppError(error).code !== 'conflict' || attempt === ATTEMPTS) throw error;
    }
  }
}
