import { type ServerDefinitions } from '@mcp-runtime/api';
import { type Message } from '@mcp-runtime/mcp';
import { modernServerCapabilities } from '../eras/modern-to-legacy/capabilities.ts';
import { completeResult, resultReply } from '../eras/modern-to-legacy/results.ts';
import { type Exchange } from '../exchange.ts';

const NEWEST = '2026-07-28';

/** Whether a server that sleeps need not be woken for it, so that a server that is awake is not kept awake by it either. */
export function isAboutDefinitions({ message, verb }: Pick<Exchange, 'message' | 'verb'>): boolean {
  return verb === 'POST' && message?.kind === 'request' && !isLaterPage(message) && ABOUT.has(message.method);
}

/**
 * The answer from what a server told of itself, whole: a JSON-RPC response of the caller's era, that policy has still to
 * look at. Undefined for everything that only the server can answer: a legacy `initialize` begins a session there.
 */
export function answerFrom(
  definitions: ServerDefinitions,
  { message, era }: Pick<Exchange, 'message' | 'era'>,
): string | undefined {
  if (message?.kind !== 'request' || isLaterPage(message)) return undefined;
  const result = resultOf(definitions, message.method, era.kind);
  if (result === undefined) return undefined;
  const text = JSON.stringify(result);
  if (era.kind === 'legacy') return resultReply(message.id, text).body;
  return resultReply(message.id, completeResult(message.method, text, JSON.stringify(definitions.server_info))).body;
}

const ABOUT: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

function resultOf(told: ServerDefinitions, method: string, era: Exchange['era']['kind']): object | undefined {
  switch (method) {
    case 'tools/list':
      return told.tools && { tools: told.tools };
    case 'prompts/list':
      return told.prompts && { prompts: told.prompts };
    case 'resources/list':
      return told.resources && { resources: told.resources };
    case 'resources/templates/list':
      return told.resource_templates && { resourceTemplates: told.resource_templates };
    case 'server/discover':
      return era === 'modern' ? discovered(told) : undefined;
    default:
      return undefined;
  }
}

function discovered({ capabilities, instructions }: ServerDefinitions): object {
  return {
    supportedVersions: [NEWEST],
    capabilities: JSON.parse(modernServerCapabilities(JSON.stringify(capabilities))),
    ...(instructions === undefined ? {} : { instructions }),
  };
}

/** What was kept is one page; the cursor of another is the server's own. */
function isLaterPage(message: Extract<Message, { kind: 'request' }>): boolean {
  return message.params['cursor'] !== undefined;
}
