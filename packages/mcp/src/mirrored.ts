/** The parameter that `Mcp-Name` repeats, by method (MCP 2026-07-28, "Streamable HTTP"; tasks extension). */
const MIRRORED: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

export function mirroredName(method: string, params: Readonly<Record<string, unknown>>): string | undefined {
  const member = MIRRORED.get(method);
  const value = member === undefined ? undefined : params[member];
  return typeof value === 'string' ? value : undefined;
}

const SENTINEL = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;
/** What a header value can carry as it is and nobody trims. */
const PLAIN = /^[\u0021-\u007e](?:[\t\u0020-\u007e]*[\u0021-\u007e])?$/;

/** Looks at a run of spaces once, wherever it is: from each of them anew, a long one inside the value would take for ever. */
const SPACE_AROUND = /^[ \t]+|(?<![ \t])[ \t]+$/g;

/** How a value travels in a mirrored header: as it is, or in base64 where it could not or would be read as base64. */
export function encodeMirrored(value: string): string {
  const isPlain = PLAIN.test(value) && !(value.startsWith('=?base64?') && value.endsWith('?='));
  return isPlain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** The value that a mirrored header stands for; undefined when it is absent or badly encoded. */
export function decodeMirrored(value: string | undefined): string | undefined {
  const trimmed = value?.replace(SPACE_AROUND, '');
  const encoded = trimmed === undefined ? undefined : SENTINEL.exec(trimmed)?.[1];
  if (encoded === undefined) return trimmed;
  const bytes = Buffer.from(encoded, 'base64');
  const isCanonical = bytes.toString('base64') === encoded;
  return isCanonical && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}
