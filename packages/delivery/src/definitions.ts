import { gunzipSync, gzipSync } from 'node:zlib';
import { ServerDefinitions } from '@mcp-runtime/api';

/** Beside the longest part of a policy document they have to fit into one ConfigMap. */
const MAX_COMPRESSED_BYTES = 96 * 1024;
const MAX_BYTES = 4 * 1024 * 1024;

/** In base64; undefined when they are too long to be delivered: they are never cut. */
export function packDefinitions(definitions: ServerDefinitions): string | undefined {
  const text = JSON.stringify(definitions);
  if (Buffer.byteLength(text) > MAX_BYTES) return undefined;
  const compressed = gzipSync(text);
  return compressed.length > MAX_COMPRESSED_BYTES ? undefined : compressed.toString('base64');
}

/** Undefined for what cannot be read: a gateway then has nothing to answer while the server sleeps, and no more is lost. */
export function unpackDefinitions(packed: string): ServerDefinitions | undefined {
  try {
    const text = gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_BYTES }).toString('utf8');
    return ServerDefinitions.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
