import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { API_VERSION, AppError } from '@mcp-runtime/api';
import { schemaFaults } from '@mcp-runtime/control-plane';
import { stringify } from 'yaml';
import { type z } from 'zod';
import { errnoOf } from '@mcp-runtime/base';
import { type Invocation } from '../../frame/command.ts';

interface ManifestFlags {
  readonly output: string;
  readonly force: boolean;
}

/**
 * Checks a resource and writes it as YAML, `-` to standard output. What was given is written, without
 * the defaults that the schema adds. @throws AppError `usage`, or `already_exists` without `force`.
 */
export async function writeManifest(
  manifest: Readonly<Record<string, unknown>>,
  schema: z.ZodType,
  { flags, io }: Pick<Invocation<ManifestFlags>, 'flags' | 'io'>,
): Promise<'file' | 'stdout'> {
  const whole = { apiVersion: API_VERSION, ...manifest };
  const { error } = schema.safeParse(whole);
  if (error !== undefined) throw new AppError('usage', schemaFaults(error, whole, schema).join('\n'));
  const text = stringify(whole);
  if (flags.output === '-') {
    io.stdout.write(text);
    return 'stdout';
  }
  try {
    await writeFile(resolve(io.cwd, flags.output), text, { flag: flags.force ? 'w' : 'wx' });
  } catch (cause) {
    throw toError(cause, flags.output);
  }
  return 'file';
}

function toError(cause: unknown, path: string): AppError {
  const exists = errnoOf(cause) === 'EEXIST';
  return exists
    ? new AppError('already_exists', `\`${path}\` exists`, { next: 'add --force to replace it, or -o another file' })
    : new AppError('not_found', `\`${path}\` cannot be written`, { cause });
}
