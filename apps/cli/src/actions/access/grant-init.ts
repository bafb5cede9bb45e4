import { AppError, MCPAccessGrant } from '@mcp-runtime/api';
import { type Invocation } from '../../frame/command.ts';
import { writeManifest } from './new-file.ts';
import { type SubjectFlags, aboutWhom } from './subject-flags.ts';

interface Flags extends SubjectFlags {
  readonly 'side-effect': readonly string[];
  readonly tool: readonly string[];
  readonly 'tool-rule': readonly string[];
  readonly output: string;
  readonly force: boolean;
}

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<void> {
  const { metadata, spec } = aboutWhom(name, flags);
  const toolRules = [
    ...flags.tool.map((tool) => ({ name: tool, decision: 'allow', requiredTrust: flags.trust })),
    ...flags['tool-rule'].map(parseRule),
  ];
  const policyVersion = flags['policy-version'];
  const manifest = {
    kind: 'MCPAccessGrant',
    metadata,
    spec: {
      ...spec,
      maxTrust: flags.trust,
      allowedSideEffects: flags['side-effect'].length === 0 ? ['read'] : flags['side-effect'],
      ...(policyVersion === undefined ? {} : { policyVersion }),
      disabled: false,
      ...(toolRules.length === 0 ? {} : { toolRules }),
    },
  };
  const written = await writeManifest(manifest, MCPAccessGrant, { flags, io });
  if (written === 'file')
    io.stderr.write(`wrote ${flags.output}\nnext:  mcp-runtime access grant apply -f ${flags.output}\n`);
}

/** Names may hold colons, so a rule is read from its end. */
function parseRule(text: string): object {
  const [, name, decision, requiredTrust] = /^(.+):(allow|deny):(low|medium|high)$/.exec(text) ?? [];
  if (name === undefined)
    throw new AppError('usage', `flag --tool-rule: found \`${text}\`, allowed: NAME:allow|deny:low|medium|high`);
  return { name, decision, requiredTrust };
}
