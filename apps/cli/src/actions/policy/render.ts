import { AppError, DEFAULT_NAMESPACE, keyOf, keyText } from '@mcp-runtime/api';
import { loadResourceFiles, problemText } from '@mcp-runtime/control-plane';
import { conditionFaults, isAbout, renderPolicy, stamp } from '@mcp-runtime/policy';
import { type Invocation, type Printed } from '../../frame/command.ts';

interface Flags {
  readonly file: readonly string[];
  readonly server: string | undefined;
  readonly cluster: string | undefined;
  readonly 'generated-at': string | undefined;
}

export async function run({ flags }: Invocation<Flags>): Promise<Printed> {
  if (flags.file.length === 0) throw new AppError('usage', '`--file` is needed', { next: 'add `-f FILE_OR_FOLDER`' });
  if (flags.server === undefined)
    throw new AppError('usage', '`--server` is needed', { next: 'add `--server NAMESPACE/NAME`' });
  const { resources, problems } = await loadResourceFiles(flags.file);
  if (problems.length > 0) throw new AppError('invalid_resource', problems.map(problemText).join('\n'));
  const all = resources.map(({ resource }) => resource);
  const [namespace, name] = flags.server.includes('/') ? flags.server.split('/') : [DEFAULT_NAMESPACE, flags.server];
  const servers = all.filter((resource) => resource.kind === 'MCPServer');
  const server = servers.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (server === undefined)
    throw new AppError('not_found', `no server \`${namespace}/${name}\` in the files`, {
      next: `servers there: ${servers.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ') || 'none'}`,
    });
  const grants = all.filter((resource) => resource.kind === 'MCPAccessGrant');
  const faults = grants
    .filter((grant) => isAbout(grant, server))
    .flatMap((grant) => conditionFaults(grant, server).map((fault) => `grant \`${keyText(keyOf(grant))}\`: ${fault}`));
  if (faults.length > 0) throw new AppError('invalid_resource', faults.join('\n'));
  const { document, ignored } = renderPolicy({
    server,
    grants,
    sessions: all.filter((resource) => resource.kind === 'MCPAgentSession'),
    ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
  });
  const stamped = stamp(document, flags['generated-at']);
  const rows = [
    ['revision', stamped.revision],
    ['enforce on', stamped.policy?.enforce_on ?? ''],
    ['tools', String(stamped.tools?.length ?? 0)],
    ['grants', (stamped.grants ?? []).map((grant) => grant.name).join(', ')],
    ['sessions', (stamped.sessions ?? []).map((session) => session.name).join(', ')],
    [
      'ignored',
      ignored
        .map((object) => `${object.kind} ${keyText(object.key)}: its namespace is not admitted by the server`)
        .join('; '),
    ],
  ];
  return { data: stamped, table: { columns: ['field', 'value'], rows } };
}
