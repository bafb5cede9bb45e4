import { type Era } from '@mcp-runtime/mcp';

/** Which eras a server speaks, as far as it is known; undefined is not known. */
export interface Spoken {
  /** MCP 2026-07-28. */
  readonly modern: boolean | undefined;
  /** The revisions before: over Streamable HTTP, over HTTP+SSE (MCP 2024-11-05), or not at all. */
  readonly legacy: 'streamable-http' | 'http-sse' | 'none' | undefined;
}

export const UNKNOWN: Spoken = { modern: undefined, legacy: undefined };

export type WayName = 'direct' | 'modern-to-legacy' | 'legacy-to-modern' | 'http-sse';

/**
 * The way for a caller of an era; undefined while it is not known. A server that speaks nothing that we know gets what was
 * sent, so that its own answer is the answer.
 */
export function wayFor(caller: Era['kind'], { modern, legacy }: Spoken): WayName | undefined {
  if (caller === 'modern') {
    if (modern === true) return 'direct';
    if (modern === undefined || legacy === undefined) return undefined;
    return legacy === 'none' ? 'direct' : 'modern-to-legacy';
  }
  if (legacy === 'streamable-http') return 'direct';
  if (legacy === 'http-sse') return 'http-sse';
  if (legacy === undefined || modern === undefined) return undefined;
  return modern ? 'legacy-to-modern' : 'direct';
}
