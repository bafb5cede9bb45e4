import { type MCPServer } from '@mcp-runtime/api';
import { type ShakenHands } from '../../handshake-status.ts';
import { type HandshakeTool } from '../../ports.ts';

/** How the tools of a canary compare with those of the version in use. */
export type Definitions =
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'same' }
  | {
      readonly kind: 'changed';
      /** Offered by the version in use, or declared, and not offered by the canary. */
      readonly missing: readonly string[];
      /** Described in another way: for people, by annotations, or by input schema. */
      readonly changed: readonly string[];
    };

/** Pure. Tools that the canary has in addition are no difference: nobody may call what is not declared. */
export function compareDefinitions(server: MCPServer, stable: ShakenHands, canary: ShakenHands): Definitions {
  if (canary?.ok !== true) return { kind: 'unknown', message: `no handshake with the canary yet${whyOf(canary)}` };
  if (stable?.ok !== true)
    return { kind: 'unknown', message: `no handshake with the version in use yet${whyOf(stable)}` };
  const offered = new Map(canary.handshake.tools.map((tool) => [tool.name, textOf(tool)]));
  const inUse = new Map(stable.handshake.tools.map((tool) => [tool.name, textOf(tool)]));
  const wanted = new Set([...inUse.keys(), ...(server.spec.tools ?? []).map(({ name }) => name)]);
  const missing = [...wanted].filter((name) => !offered.has(name)).toSorted();
  const changed = [...inUse].flatMap(([name, text]) => ((offered.get(name) ?? text) === text ? [] : [name])).toSorted();
  return missing.length + changed.length === 0 ? { kind: 'same' } : { kind: 'changed', missing, changed };
}

function whyOf(shakenHands: ShakenHands): string {
  return shakenHands?.ok === false ? `: ${shakenHands.error.message}` : '';
}

/** The same text for the same definition, whatever the order of its members. */
function textOf({ name, description, annotations, inputSchema }: HandshakeTool): string {
  return JSON.stringify([name, description, annotations, inputSchema], (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
