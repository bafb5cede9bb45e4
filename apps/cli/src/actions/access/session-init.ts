import { AppError, MCPAgentSession } from '@mcp-runtime/api';
import { type Invocation } from '../../frame/command.ts';
import { writeManifest } from './new-file.ts';
import { type SubjectFlags, aboutWhom } from './subject-flags.ts';
import { parseDuration, toInstant } from '../times.ts';

interface Flags extends SubjectFlags {
  readonly 'expires-at': string | undefined;
  readonly 'expires-in': string | undefined;
  readonly revoked: boolean;
  readonly 'upstream-token-secret': string | undefined;
  readonly 'upstream-token-key': string;
  readonly output: string;
  readonly force: boolean;
}

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<void> {
  const { metadata, spec } = aboutWhom(name, flags);
  const expiresAt = endOf(flags, Date.now());
  const secret = flags['upstream-token-secret'];
  const policyVersion = flags['policy-version'];
  const manifest = {
    kind: 'MCPAgentSession',
    metadata,
    spec: {
      ...spec,
      consentedTrust: flags.trust,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      revoked: flags.revoked,
      ...(secret === undefined ? {} : { upstreamTokenSecretRef: { name: secret, key: flags['upstream-token-key'] } }),
      ...(policyVersion === undefined ? {} : { policyVersion }),
    },
  };
  const written = await writeManifest(manifest, MCPAgentSession, { flags, io });
  if (written === 'file')
    io.stderr.write(`wrote ${flags.output}\nnext:  mcp-runtime access session apply -f ${flags.output}\n`);
}

function endOf(flags: Flags, now: number): string | undefined {
  const { 'expires-at': at, 'expires-in': within } = flags;
  if (at !== undefined && within !== undefined)
    throw new AppError('usage', '`--expires-at` and `--expires-in` exclude each other');
  if (within === undefined) return at;
  const ms = parseDuration(within);
  if (ms === undefined || ms === 0 || ms > MAX_LIFE_MS)
    throw new AppError('usage', `flag --expires-in: found \`${within}\`, allowed: a duration such as 8h, 1h30m, 7d`);
  return toInstant(now + ms);
}

/** A thousand years: beyond, instants have no RFC 3339 form for long. */
const MAX_LIFE_MS = 1000 * 365 * 86_400_000;
