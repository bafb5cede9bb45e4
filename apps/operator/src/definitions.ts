import { type ServerDefinitions } from '@mcp-runtime/api';
import { type Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { everyPage } from './every-page.ts';

/** Of each item everything is kept, also what no revision of MCP that we know has. */
const Items = z.array(z.record(z.string(), z.unknown()));
const pageOf = (member: string) => z.looseObject({ [member]: Items, nextCursor: z.string().optional() });

/** What a server tells of itself: what it is, and its lists, whole. */
export async function askDefinitions(client: Client, signal: AbortSignal): Promise<ServerDefinitions> {
  const capabilities = client.getServerCapabilities() ?? {};
  const instructions = client.getInstructions();

  async function every(method: string, member: string): Promise<ServerDefinitions['tools']> {
    const page = pageOf(member);
    const found: Record<string, unknown>[] = [];
    const got = await everyPage(async (params) => {
      const listed = await client.request({ method, params }, page, { signal });
      found.push(...Items.parse(listed[member]));
      return z.string().optional().parse(listed['nextCursor']);
    });
    return got === 'whole' ? found : undefined;
  }

  const tools = capabilities.tools && (await every('tools/list', 'tools'));
  const prompts = capabilities.prompts && (await every('prompts/list', 'prompts'));
  const resources = capabilities.resources && (await every('resources/list', 'resources'));
  // A server may have resources and no templates, and say so with an error.
  const templates =
    capabilities.resources &&
    (await every('resources/templates/list', 'resourceTemplates').catch((): undefined => undefined));
  return {
    schema_version: 'v1',
    server_info: { ...client.getServerVersion() },
    capabilities: { ...capabilities },
    ...(instructions === undefined ? {} : { instructions }),
    ...(tools === undefined ? {} : { tools }),
    ...(prompts === undefined ? {} : { prompts }),
    ...(resources === undefined ? {} : { resources }),
    ...(templates === undefined ? {} : { resource_templates: templates }),
  };
}
