import { type JsonSchemaType, type McpServer, type ServerNotifier, fromJsonSchema } from '@modelcontextprotocol/server';
import { text } from './content-tools.ts';

/** Keywords of JSON Schema 2020-12 that have to reach a client as they are. */
const KEYWORDS: JsonSchemaType = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** An argument that a client has to mirror in a header (MCP 2026-07-28). */
const REGION = { type: 'string', 'x-mcp-header': 'Region' } as const;
const MIRRORED: JsonSchemaType = { type: 'object', properties: { region: REGION }, required: ['region'] };

export function registerSchemaTools(mcp: McpServer): void {
  mcp.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Tool with JSON Schema 2020-12 features', inputSchema: fromJsonSchema(KEYWORDS) },
    () => ({ content: [text('valid')] }),
  );
  mcp.registerTool(
    'test_x_mcp_header',
    { description: 'Takes an argument that is mirrored in a header', inputSchema: fromJsonSchema(MIRRORED) },
    () => ({ content: [text('mirrored')] }),
  );
}

/** How a server tells those who listen that a list has changed. */
export type ListChanges = Pick<ServerNotifier, 'toolsChanged' | 'promptsChanged'>;

/** Tools that make the server say that a list of its has changed. */
export function registerChangeTools(mcp: McpServer, changes: ListChanges): void {
  mcp.registerTool('test_trigger_tool_change', { description: 'Says that the list of tools has changed' }, () => {
    changes.toolsChanged();
    return { content: [text('told')] };
  });
  mcp.registerTool('test_trigger_prompt_change', { description: 'Says that the list of prompts has changed' }, () => {
    changes.promptsChanged();
    return { content: [text('told')] };
  });
}
