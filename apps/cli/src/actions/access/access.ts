import {
  ChangeResult,
  GrantBody,
  GrantList,
  type MCPAccessGrant,
  type MCPAgentSession,
  type ObjectKey,
  SessionBody,
  SessionList,
} from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { grantDetails, grantRow, sessionDetails, sessionRow } from './text.ts';
import { type ApiClient, apiPath, connectApi } from '../api-client.ts';
import { printChange } from '../change-text.ts';
import { type Noun as AnyNoun, aboutOne } from '../objects.ts';
import { withoutManagedFields } from '../printed-object.ts';
import { type TargetFlags } from '../target.ts';

type Noun = Exclude<AnyNoun, 'server'>;
type Verb = 'enable' | 'disable' | 'revoke' | 'unrevoke';

interface ListFlags extends TargetFlags {
  readonly namespace: string | undefined;
  readonly server: string | undefined;
}

interface ObjectFlags extends TargetFlags {
  readonly namespace: string;
}

interface ChangeFlags extends ObjectFlags {
  readonly 'dry-run': boolean;
}

/** What differs between the two nouns. */
const NOUNS = {
  grant: {
    columns: ['name', 'namespace', 'server', 'subject', 'trust', 'side effects', 'state', 'age'],
    list: async (api: ApiClient, query: Query) => {
      const { grants } = await api.call('/runtime/grants', GrantList, { query });
      return { data: grants, rows: grants.map((grant: MCPAccessGrant) => grantRow(grant, Date.now())) };
    },
    get: async (api: ApiClient, path: string) => {
      const { grant } = await api.call(path, GrantBody);
      return { data: withoutManagedFields(grant), text: grantDetails(grant, Date.now()) };
    },
  },
  session: {
    columns: ['name', 'namespace', 'server', 'subject', 'trust', 'expires', 'state', 'age'],
    list: async (api: ApiClient, query: Query) => {
      const { sessions } = await api.call('/runtime/sessions', SessionList, { query });
      return { data: sessions, rows: sessions.map((session: MCPAgentSession) => sessionRow(session, Date.now())) };
    },
    get: async (api: ApiClient, path: string) => {
      const { session } = await api.call(path, SessionBody);
      return { data: withoutManagedFields(session), text: sessionDetails(session, Date.now()) };
    },
  },
} as const;

interface Query extends Readonly<Record<string, string | undefined>> {
  readonly namespace: string | undefined;
  readonly server: string | undefined;
}

/** Each verb as the body that it sends. */
const TOGGLES = {
  enable: { body: { disabled: false }, done: 'enabled', already: 'was enabled already' },
  disable: { body: { disabled: true }, done: 'disabled', already: 'was disabled already' },
  revoke: { body: { revoked: true }, done: 'revoked', already: 'was revoked already' },
  unrevoke: { body: { revoked: false }, done: 'live again', already: 'was not revoked' },
} as const satisfies Record<Verb, object>;

export function listOf(noun: Noun): (invocation: Invocation<ListFlags>) => Promise<Printed> {
  return async ({ flags, io }) => {
    const api = await connectApi(flags, io);
    const { data, rows } = await NOUNS[noun].list(api, { namespace: flags.namespace, server: flags.server });
    const where = flags.namespace === undefined ? '' : ` in namespace \`${flags.namespace}\``;
    const empty = `no ${noun}s${where}; mcp-runtime access ${noun} init --help tells how to make one`;
    return { data, table: { columns: NOUNS[noun].columns, rows, empty } };
  };
}

export function getOf(noun: Noun): (invocation: Invocation<ObjectFlags>) => Promise<Printed> {
  return async ({ flags, args: [name = ''], io }) => {
    const api = await connectApi(flags, io);
    const key = { namespace: flags.namespace, name };
    const { data, text } = await aboutOne(api, noun, key, async () => NOUNS[noun].get(api, pathOf(noun, key)));
    return { data, table: text };
  };
}

export function deleteOf(noun: Noun): (invocation: Invocation<ChangeFlags>) => Promise<Printed> {
  return async ({ flags, args: [name = ''], io }) => {
    const api = await connectApi(flags, io);
    const dryRun = flags['dry-run'];
    const result = await api.call(pathOf(noun, { namespace: flags.namespace, name }), ChangeResult, {
      method: 'DELETE',
      query: { dry_run: dryRun ? 'true' : undefined },
    });
    const object = `${noun} ${flags.namespace}/${name}`;
    return printChange(result, { object, done: 'deleted', already: 'does not exist', dryRun });
  };
}

export function toggleOf(noun: Noun, verb: Verb): (invocation: Invocation<ChangeFlags>) => Promise<Printed> {
  return async ({ flags, args: [name = ''], io }) => {
    const api = await connectApi(flags, io);
    const dryRun = flags['dry-run'];
    const { body, done, already } = TOGGLES[verb];
    const key = { namespace: flags.namespace, name };
    const result = await aboutOne(api, noun, key, () =>
      api.call(pathOf(noun, key), ChangeResult, { method: 'PATCH', body: { ...body, dryRun } }),
    );
    return printChange(result, { object: `${noun} ${flags.namespace}/${name}`, done, already, dryRun });
  };
}

function pathOf(noun: Noun, { namespace, name }: ObjectKey): string {
  return apiPath('runtime', `${noun}s`, namespace, name);
}
