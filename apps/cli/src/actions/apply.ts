import { text } from 'node:stream/consumers';
import { AppError, ApplyResult, type Resource } from '@mcp-runtime/api';
import { type LoadedFiles, loadResourceFiles, parseResources, problemText } from '@mcp-runtime/control-plane/files';
import { type CommandIo, type Invocation, type Printed } from '../frame/command.ts';
import { printable } from '../frame/print.ts';
import { connectApi } from './api-client.ts';
import { type TargetFlags } from './target.ts';

interface Flags extends TargetFlags {
  readonly file: readonly string[];
  readonly 'dry-run': boolean;
  readonly 'force-conflicts': boolean;
}

const KIND_OF = { grant: 'MCPAccessGrant', session: 'MCPAgentSession' } as const;

/** Applies resources of files: every fault is told and nothing is written, or all are. */
export function applyOf(noun: 'grant' | 'session' | 'any'): (invocation: Invocation<Flags>) => Promise<Printed> {
  return async ({ flags, io }) => {
    const resources = await readResources(flags.file, io);
    if (noun !== 'any') checkKind(resources, KIND_OF[noun]);
    const api = await connectApi(flags, io);
    const dryRun = flags['dry-run'];
    const { results } = await api.call('/runtime/apply', ApplyResult, {
      method: 'POST',
      body: { resources, dryRun, ...(flags['force-conflicts'] ? { force: true } : {}) },
    });
    return {
      data: results,
      table: {
        columns: ['kind', 'namespace', 'name', 'action'],
        rows: results.map(({ kind, namespace, name, action }) => [kind, namespace, name, action]),
        ...(dryRun ? { note: 'nothing was changed: this was a dry run' } : {}),
      },
    };
  };
}

async function readResources(paths: readonly string[], io: CommandIo): Promise<readonly Resource[]> {
  if (paths.length === 0) throw new AppError('usage', '`--file` is needed', { next: 'add `-f FILE_OR_FOLDER`' });
  const read: LoadedFiles[] = [await loadResourceFiles(paths.filter((path) => path !== '-'))];
  if (paths.includes('-')) read.push(parseResources('standard input', await text(io.stdin)));
  for (const note of read.flatMap(({ notes }) => notes)) io.stderr.write(`${printable(problemText(note))}\n`);
  const problems = read.flatMap((one) => one.problems);
  if (problems.length > 0)
    throw new AppError('invalid_resource', ['nothing was applied', ...problems.map(problemText)].join('\n'));
  const resources = read.flatMap((one) => one.resources.map(({ resource }) => resource));
  if (resources.length === 0) throw new AppError('invalid_resource', `no resource in ${paths.join(', ')}`);
  return resources;
}

function checkKind(resources: readonly Resource[], kind: Resource['kind']): void {
  const others = resources.filter((resource) => resource.kind !== kind);
  if (others.length === 0) return;
  const names = others.map((other) => `${other.kind} ${other.metadata.namespace}/${other.metadata.name}`);
  throw new AppError('invalid_resource', `only ${kind} objects are taken here, found ${names.join(', ')}`, {
    next: 'mcp-runtime server apply takes every kind',
  });
}
