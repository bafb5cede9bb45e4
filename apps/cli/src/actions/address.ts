import { AppError } from '@mcp-runtime/api';
import { type ListenAddress } from '@mcp-runtime/base';

/** `HOST:PORT`, `[::1]:PORT` or `:PORT`, which is this machine only. @throws AppError `usage` naming the flag. */
export function parseAddress(text: string, flag: string): ListenAddress {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new AppError('usage', `flag ${flag}: found \`${text}\`, allowed: HOST:PORT such as 127.0.0.1:7400`);
  }
  const host = (match[1] ?? '').replaceAll(/[[\]]/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port };
}
