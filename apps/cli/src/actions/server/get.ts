import { ageText } from '@mcp-runtime/base';
import { declaredSource, sourceText } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { getServer } from './get-server.ts';
import { withoutManagedFields } from '../printed-object.ts';
import { readyConditionOf } from './text.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly namespace: string;
}

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<Printed> {
  const server = await getServer(await connectApi(flags, io), { namespace: flags.namespace, name });
  const { metadata, spec, status } = server;
  const ready = readyConditionOf(server);
  const rows = [
    ['name', metadata.name],
    ['namespace', metadata.namespace],
    ['description', spec.description ?? ''],
    ['source', status?.source ?? sourceText(declaredSource(spec))],
    ['transport', spec.transport],
    ['ready', ready === undefined ? 'Unknown' : `${ready.status}: ${ready.message}`],
    ['url', status?.endpoint ?? ''],
    ['protocol', status?.protocolVersion ?? ''],
    ['policy revision', status?.policyRevision ?? ''],
    ['declared tools', String(spec.tools?.length ?? 0)],
    ['age', ageText(metadata.creationTimestamp, Date.now())],
  ];
  return {
    data: withoutManagedFields(server),
    table: { columns: ['field', 'value'], rows: rows.filter(([, value]) => value !== '') },
  };
}
