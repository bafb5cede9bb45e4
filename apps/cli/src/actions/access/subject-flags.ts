import { AppError } from '@mcp-runtime/api';

/** The flags that `access grant init` and `access session init` share. */
export interface SubjectFlags {
  readonly server: string | undefined;
  readonly 'server-namespace': string | undefined;
  readonly 'human-id': string | undefined;
  readonly 'agent-id': string | undefined;
  readonly 'team-id': string | undefined;
  readonly 'policy-version': string | undefined;
  readonly trust: string;
  readonly namespace: string;
}

/** `metadata`, and the beginning of `spec`. @throws AppError `usage` when it would be about nothing or nobody. */
export function aboutWhom(name: string, flags: SubjectFlags): { metadata: object; spec: object } {
  if (flags.server === undefined) throw new AppError('usage', '`--server` is needed', { next: 'add `--server NAME`' });
  const ids = { humanID: flags['human-id'], agentID: flags['agent-id'], teamID: flags['team-id'] };
  const subject = Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined && id !== ''));
  if (Object.keys(subject).length === 0)
    throw new AppError('usage', 'at least one of `--human-id`, `--agent-id` and `--team-id` is needed', {
      next: 'say who it is about, such as `--human-id alice@example.com --agent-id research-agent`',
    });
  const namespace = flags['server-namespace'];
  return {
    metadata: { name, namespace: flags.namespace },
    spec: { serverRef: { name: flags.server, ...(namespace === undefined ? {} : { namespace }) }, subject },
  };
}
