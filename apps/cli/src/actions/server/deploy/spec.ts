import { AppError, MCPServerSpec, type Source } from '@mcp-runtime/api';
import { schemaFaults } from '@mcp-runtime/control-plane';

export interface SpecFlags {
  readonly transport: string | undefined;
  readonly env: readonly string[];
}

interface Wanted {
  readonly source: Source;
  readonly flags: SpecFlags;
  /** The spec of the server that is there, whose other settings stay: an update never loosens what governs it. */
  readonly current: MCPServerSpec | undefined;
}

/** A new server lets nobody in without a session token, and decides every method. */
const GOVERNED = {
  auth: { mode: 'token' },
  policy: { enforceOn: 'all' },
  session: { required: true },
  gateway: { enabled: true },
} as const;

/** Pure. @throws AppError `usage`. */
export function specOf({ source, flags, current }: Wanted): MCPServerSpec {
  const base: Readonly<Record<string, unknown>> = current ?? GOVERNED;
  const { image: _image, imageTag: _imageTag, ...kept } = base;
  const envVars = [...withoutNames(current?.envVars ?? [], flags.env), ...flags.env.map(parseVariable)];
  const spec = {
    ...kept,
    source,
    transport: flags.transport ?? transportOf(source, current),
    ...(envVars.length === 0 ? {} : { envVars }),
  };
  const parsed = MCPServerSpec.safeParse(spec);
  if (parsed.success) return parsed.data;
  throw new AppError('usage', schemaFaults(parsed.error, spec, MCPServerSpec).join('\n'));
}

/** The spec with the tools that the server offers and nobody declared, each with its proposed side effect. Pure. */
export function withOfferedTools(spec: MCPServerSpec, offered: readonly OfferedTool[]): MCPServerSpec {
  const declared = spec.tools ?? [];
  const added = offered.filter((tool) => !declared.some(({ name }) => name === tool.name));
  if (added.length === 0) return spec;
  const tools = added.map(({ name, proposedSideEffect }) => ({ name, sideEffect: proposedSideEffect }));
  return MCPServerSpec.parse({ ...spec, tools: [...declared, ...tools] });
}

interface OfferedTool {
  readonly name: string;
  readonly proposedSideEffect: string;
}

function transportOf(source: Source, current: MCPServerSpec | undefined): string {
  if (source.url !== undefined) return 'http';
  const kinds = ['npm', 'pypi', 'command'] as const;
  const same = kinds.some((kind) => source[kind] !== undefined && current?.source?.[kind] !== undefined);
  return same ? (current?.transport ?? 'stdio') : 'stdio';
}

type Variable = NonNullable<MCPServerSpec['envVars']>[number];

function withoutNames(variables: readonly Variable[], replaced: readonly string[]): readonly Variable[] {
  const names = new Set(replaced.map((text) => parseVariable(text).name));
  return variables.filter(({ name }) => !names.has(name));
}

function parseVariable(text: string): Variable {
  const equals = text.indexOf('=');
  // The text may be a secret without its name, so it is not shown.
  if (equals < 1) throw new AppError('usage', 'flag --env: allowed: NAME=VALUE');
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}
