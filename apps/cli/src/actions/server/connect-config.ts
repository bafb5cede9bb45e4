import { AppError, HEADERS, type MCPServer, resolveServer } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { getServer } from './get-server.ts';
import { type TargetFlags } from '../target.ts';

interface Flags extends TargetFlags {
  readonly client: string;
  readonly namespace: string;
}

/** Name of the variable that holds the token; `access session token` says how to fill it. */
const TOKEN_VARIABLE = 'MCP_TOKEN';

export async function run({ flags, args: [name = ''], io }: Invocation<Flags>): Promise<Printed> {
  const server = await getServer(await connectApi(flags, io), { namespace: flags.namespace, name });
  const url = server.status?.endpoint;
  if (url === undefined)
    throw new AppError('service_unavailable', `server \`${name}\` has no URL yet`, {
      next: `mcp-runtime server status ${name}`,
    });
  const { make, place, token } = clientOf(flags.client);
  const header = tokenHeaderOf(server);
  const { data, text } = make({ name, url, header });
  const how = header === undefined ? '' : `\ntoken: ${token}`;
  io.stderr.write(`file:  ${place}${how}\n`);
  return { data, table: text ?? JSON.stringify(data, undefined, 2) };
}

/** The header for a session token; none where the client logs in by itself or proves itself by certificate. */
function tokenHeaderOf(server: MCPServer): string | undefined {
  const { mode, tokenHeader } = resolveServer(server).auth;
  return mode === 'oauth' || mode === 'mtls' ? undefined : tokenHeader;
}

interface Connection {
  readonly name: string;
  readonly url: string;
  readonly header: string | undefined;
}

interface Made {
  readonly data: unknown;
  /** The form in which the client reads it, when that is not JSON. */
  readonly text?: string;
}

interface Client {
  readonly place: string;
  readonly token: string;
  readonly make: (connection: Connection) => Made;
}

const CLIENT_NAMES = ['claude', 'cursor', 'vscode', 'codex', 'json'] as const;
type ClientName = (typeof CLIENT_NAMES)[number];

const FROM_ENVIRONMENT = `export ${TOKEN_VARIABLE}=$(mcp-runtime access session token SESSION)`;

const CLIENTS: Readonly<Record<ClientName, Client>> = {
  claude: { place: '.mcp.json in the project', token: FROM_ENVIRONMENT, make: httpConfig },
  cursor: {
    place: '.cursor/mcp.json in the project',
    token: FROM_ENVIRONMENT,
    make: ({ name, url, header }) => ({
      data: { mcpServers: { [name]: { url, ...headersOf(header, `\${env:${TOKEN_VARIABLE}}`) } } },
    }),
  },
  vscode: {
    place: '.vscode/mcp.json in the project',
    token: 'asked for when the server starts: mcp-runtime access session token SESSION',
    make: ({ name, url, header }) => ({
      data: {
        ...(header === undefined ? {} : { inputs: [tokenInput(name)] }),
        servers: { [name]: { type: 'http', url, ...headersOf(header, `\${input:${inputId(name)}}`) } },
      },
    }),
  },
  codex: { place: '~/.codex/config.toml', token: FROM_ENVIRONMENT, make: codexConfig },
  json: { place: 'the configuration of the client', token: FROM_ENVIRONMENT, make: httpConfig },
};

function clientOf(text: string): Client {
  return CLIENTS[CLIENT_NAMES.find((name) => name === text) ?? 'json'];
}

function httpConfig({ name, url, header }: Connection): Made {
  const entry = { type: 'http', url, ...headersOf(header, `\${${TOKEN_VARIABLE}}`) };
  return { data: { mcpServers: { [name]: entry } } };
}

function headersOf(header: string | undefined, token: string): { headers?: Readonly<Record<string, string>> } {
  return header === undefined ? {} : { headers: { [header]: `Bearer ${token}` } };
}

function inputId(name: string): string {
  return `${name}-token`;
}

function tokenInput(name: string): object {
  return { type: 'promptString', id: inputId(name), description: `Session token for ${name}`, password: true };
}

/** Codex reads the bearer token of one variable, and puts it into `Authorization` only. */
function codexConfig({ name, url, header }: Connection): Made {
  if (header !== undefined && header.toLowerCase() !== HEADERS.authorization.toLowerCase())
    throw new AppError(
      'usage',
      `codex sends its token in \`${HEADERS.authorization}\`, the server wants \`${header}\``,
    );
  const entry = { url, ...(header === undefined ? {} : { bearer_token_env_var: TOKEN_VARIABLE }) };
  const lines = Object.entries(entry).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return {
    data: { mcp_servers: { [name]: entry } },
    text: [`[mcp_servers.${name.includes('.') ? JSON.stringify(name) : name}]`, ...lines].join('\n'),
  };
}
