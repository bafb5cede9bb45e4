import { isDeepStrictEqual } from 'node:util';
import {
  AppError,
  GrantList,
  type MCPServer,
  type MCPServerSpec,
  ServerBody,
  asAppError,
  declaredSource,
  sourceText,
} from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { type ApiClient, connectApi } from '../api-client.ts';
import { deployedText } from './deploy/report.ts';
import { type SourceFlags, sourceOf } from './deploy/source.ts';
import { type SpecFlags, specOf, withOfferedTools } from './deploy/spec.ts';
import { untilReady } from './deploy/wait.ts';
import { readServer } from './get-server.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends SourceFlags, SpecFlags, TargetFlags {
  readonly 'accept-tools': boolean;
  readonly 'dry-run': boolean;
  readonly timeout: number;
  readonly namespace: string;
}

/** Safe to run again: what is as it should be stays untouched. */
export async function run({ flags, args: [name = ''], rest, io }: Invocation<Flags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  const key = { namespace: flags.namespace, name };
  const current = await findServer(api, key);
  const source = await sourceOf({ flags, args: rest, current: current?.spec.source, io });
  const spec = specOf({ source, flags, current: current?.spec });
  const posted = await post(api, { ...key, spec, current, flags });
  io.stderr.write(`server ${name}: ${posted.action}, ${sourceText(declaredSource(spec))}\n`);
  if (flags['dry-run']) return { data: posted.server, table: 'nothing was changed: this was a dry run' };

  const waiting = { api, io, timeoutSeconds: flags.timeout };
  let server = await untilReady(posted.server, waiting);
  if (flags['accept-tools']) {
    const accepted = withOfferedTools(server.spec, server.status?.tools ?? []);
    const update = { ...flags, update: true };
    const changed = await post(api, { ...key, spec: accepted, current: server, flags: update });
    const added = (accepted.tools?.length ?? 0) - (server.spec.tools?.length ?? 0);
    if (added > 0) io.stderr.write(`server ${name}: ${added} tools declared as proposed\n`);
    server = await untilReady(changed.server, waiting);
  }
  const { grants } = await api.call('/runtime/grants', GrantList, { query: { server: name } });
  return { data: server, table: deployedText(server, grants.length) };
}

async function findServer(
  api: ApiClient,
  key: { readonly namespace: string; readonly name: string },
): Promise<MCPServer | undefined> {
  try {
    return await readServer(api, key);
  } catch (error) {
    if (asAppError(error).code === 'not_found') return undefined;
    throw error;
  }
}

interface Posting {
  readonly namespace: string;
  readonly name: string;
  readonly spec: MCPServerSpec;
  readonly current: MCPServer | undefined;
  readonly flags: { readonly update: boolean; readonly 'dry-run': boolean };
}

interface Posted {
  readonly server: MCPServer;
  readonly action: 'created' | 'configured' | 'unchanged';
}

async function post(api: ApiClient, { namespace, name, spec, current, flags }: Posting): Promise<Posted> {
  if (current !== undefined && isDeepStrictEqual(current.spec, spec)) return { server: current, action: 'unchanged' };
  if (current !== undefined && !flags.update)
    throw new AppError(
      'already_exists',
      `server \`${name}\` exists and is different: ${sourceText(declaredSource(current.spec))}`,
      {
        next: 'add --update to change it',
      },
    );
  const { server } = await api.call('/runtime/servers', ServerBody, {
    method: 'POST',
    body: { namespace, name, spec, update: current !== undefined, dryRun: flags['dry-run'] },
  });
  return { server, action: current === undefined ? 'created' : 'configured' };
}
