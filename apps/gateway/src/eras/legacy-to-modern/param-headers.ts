import { MCP_PARAM_HEADER_PREFIX } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { encodeMirrored, memberText } from '@mcp-runtime/mcp';

/** An argument that a tool wants mirrored in a header. */
export interface Mirrored {
  /** `Mcp-Param-…`. */
  readonly header: string;
  /** Names of members, from the arguments inwards. */
  readonly path: readonly string[];
}

const KEYWORD = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const MAX_DEPTH = 16;
const MAX_MIRRORED = 64;

/** Arguments that an input schema marks, reached through `properties` alone (MCP 2026-07-28, "Schema extension"). */
export function mirroredOf(inputSchema: unknown): readonly Mirrored[] {
  const found: Mirrored[] = [];
  const visit = (schema: unknown, path: readonly string[]): void => {
    if (!isRecord(schema) || path.length > MAX_DEPTH || found.length >= MAX_MIRRORED) return;
    const name = schema[KEYWORD];
    if (typeof name === 'string' && TOKEN.test(name) && path.length > 0) {
      found.push({ header: `${MCP_PARAM_HEADER_PREFIX}${name}`, path });
    }
    const { properties } = schema;
    if (!isRecord(properties)) return;
    for (const [member, inner] of Object.entries(properties)) visit(inner, [...path, member]);
  };
  visit(inputSchema, []);
  return found;
}

/** The headers of one call. `args` is the JSON text of its arguments; undefined when it has none. */
export function paramHeaders(mirrored: readonly Mirrored[], args: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { header, path } of mirrored) {
    const value = path.reduce<string | undefined>((at, name) => (at === undefined ? at : memberText(at, name)), args);
    const plain = value === undefined ? undefined : plainValue(value);
    if (plain !== undefined) headers[header.toLowerCase()] = encodeMirrored(plain);
  }
  return headers;
}

const INTEGER = /^-?(0|[1-9]\d*)$/;

/** How a scalar is spelled in a header: integers in decimal; undefined for null and what is no scalar. */
function plainValue(text: string): string | undefined {
  if (text === 'true' || text === 'false' || INTEGER.test(text)) return text;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}
