import { readFile } from 'node:fs/promises';
import { AppError, Confirmation } from '@mcp-runtime/api';
import { certificateThumbprint, keyThumbprint } from '@mcp-runtime/control-plane';

export interface BindingFlags {
  readonly 'dpop-jkt': string | undefined;
  readonly 'dpop-key': string | undefined;
  readonly 'client-cert': string | undefined;
}

/** What a token is bound to, by flags; undefined for a token of whoever holds it. @throws AppError `usage` or `invalid_config`. */
export async function bindingOf(flags: BindingFlags): Promise<Confirmation | undefined> {
  const { 'dpop-jkt': given, 'dpop-key': keyFile, 'client-cert': certificateFile } = flags;
  if (given !== undefined && keyFile !== undefined)
    throw new AppError('usage', '--dpop-jkt and --dpop-key say the same: give one');
  const jkt = keyFile === undefined ? given : await read(keyFile, 'a JWK', keyThumbprint);
  const certificate =
    certificateFile === undefined ? undefined : await read(certificateFile, 'a PEM certificate', certificateThumbprint);
  if (jkt === undefined && certificate === undefined) return undefined;
  const parsed = Confirmation.safeParse({ jkt, 'x5t#S256': certificate });
  if (!parsed.success)
    throw new AppError(
      'usage',
      `--dpop-jkt: found \`${jkt ?? ''}\`, must be a SHA-256 thumbprint in base64url (RFC 7638)`,
    );
  return parsed.data;
}

async function read(
  path: string,
  what: string,
  thumbprint: (text: string) => Promise<string> | string,
): Promise<string> {
  try {
    return await thumbprint(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new AppError('invalid_config', `\`${path}\` is not ${what}`, { cause });
  }
}
