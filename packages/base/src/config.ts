import type { z } from 'zod';
import { isRecord } from './record.ts';

/** One problem in a configuration: where it came from, which field, what was found, what is allowed. */
export interface ConfigProblem {
  readonly source: string;
  readonly path: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((p) => `${p.source}: ${p.path === '' ? '' : `${p.path}: `}${p.message}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export interface ConfigSource {
  /** Shown to the user, e.g. `gateway.yaml` or `command line`. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Merges sources (later ones win, objects field by field) and parses the result.
 * @throws ConfigError with every problem at once; a field is attributed to the last source that set it.
 */
export function loadConfig<T>(schema: z.ZodType<T>, sources: readonly ConfigSource[]): T {
  const merged = sources.reduce<Readonly<Record<string, unknown>>>((into, source) => merge(into, source.values), {});
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => ({
      source: sourceOf(sources, issue.path),
      path: issue.path.join('.'),
      message: issue.message,
    })),
  );
}

type Values = Readonly<Record<string, unknown>>;

function merge(into: Values, from: Values): Values {
  const result: Record<string, unknown> = { ...into };
  for (const [key, value] of Object.entries(from)) {
    if (value === undefined) continue;
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    result[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value;
  }
  return result;
}

function sourceOf(sources: readonly ConfigSource[], path: readonly PropertyKey[]): string {
  const setter = sources.findLast((source) => {
    const first = path[0];
    return typeof first === 'string' && Object.hasOwn(source.values, first);
  });
  return (setter ?? sources.at(-1))?.name ?? 'configuration';
}
