import { PolicyDocument } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { renderTable } from '../../frame/print.ts';
import { connectApi } from '../api-client.ts';
import { aboutOne } from '../objects.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string;
}

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  const query = { namespace: flags.namespace, server: name };
  const key = { namespace: flags.namespace, name };
  const document = await aboutOne(api, 'server', key, () => api.call('/runtime/policy', PolicyDocument, { query }));
  const tables = [
    { columns: ['field', 'value'], rows: rowsOf(document) },
    {
      columns: ['tool', 'side effect', 'trust'],
      rows: (document.tools ?? []).map((tool) => [tool.name, tool.side_effect ?? '', tool.required_trust ?? '']),
      empty: 'no tools are declared',
    },
    {
      columns: ['grant', 'human', 'agent', 'team', 'trust', 'side effects'],
      rows: (document.grants ?? []).map((grant) => [
        grant.disabled === true ? `${grant.name} (disabled)` : grant.name,
        grant.human_id ?? '',
        grant.agent_id ?? '',
        grant.team_id ?? '',
        grant.max_trust ?? '',
        (grant.allowed_side_effects ?? []).join(', '),
      ]),
      empty: 'no grants: nobody may call it',
    },
  ];
  return { data: document, table: tables.map(renderTable).join('\n').trimEnd() };
}

function rowsOf({ revision, policy, auth, sessions }: PolicyDocument): readonly (readonly string[])[] {
  return [
    ['revision', revision],
    ['mode', policy?.mode ?? ''],
    ['enforce on', policy?.enforce_on ?? ''],
    ['default', policy?.default_decision ?? ''],
    ['auth', auth?.mode ?? ''],
    ['sessions', String(sessions?.length ?? 0)],
  ];
}
