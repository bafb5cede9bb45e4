import { readFile } from 'node:fs/promises';
import { AppError } from '@mcp-runtime/api';
import { ConfigError, loadConfig } from '@mcp-runtime/base';
import { type z } from 'zod';

type Values = Readonly<Record<string, unknown>>;

interface SettingsSources {
  readonly file: string | undefined;
  /** Win over the file; those that are undefined were not given. */
  readonly flags: Values;
  /** For who needs help, such as `mcp-runtime serve operator`. */
  readonly command: string;
}

/** Settings of a program from its file and its flags. @throws AppError `invalid_config` with every problem. */
export async function readSettings<T>(schema: z.ZodType<T>, { file, flags, command }: SettingsSources): Promise<T> {
  const files = file === undefined ? [] : [{ name: file, values: await readConfigFile(file) }];
  try {
    return loadConfig(schema, [...files, { name: 'command line', values: flags }]);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new AppError('invalid_config', error.message, { next: `${command} --help lists what is needed` });
  }
}

/** A mapping in YAML. @throws AppError `invalid_config` */
async function readConfigFile(path: string): Promise<Values> {
  const { parse } = await import('../../frame/yaml.ts');
  const value: unknown = parse(await readText(path));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('invalid_config', `${path}: must be a mapping of settings`);
  }
  return { ...value };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AppError('invalid_config', `\`${path}\` cannot be read`, { cause });
  }
}
