import { MCP_LEGACY_VERSIONS } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { z } from 'zod';

type Members = Readonly<Record<string, unknown>>;

/** What a legacy client agreed on by `initialize`. The session id that it holds is this, sealed: no replica keeps it. */
export interface BridgedSession {
  /** Names the session in the memory of a replica. */
  readonly key: string;
  readonly version: (typeof MCP_LEGACY_VERSIONS)[number];
  /** What of the client's capabilities the bridge can carry, as MCP 2026-07-28 declares it with every request. */
  readonly capabilities: Members;
  readonly clientInfo: Members | undefined;
}

const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
const PREFIX = 'modern:';
/** Sealed and in base64 it has to stay below the longest session id that is opened. */
const MAX_BYTES = 2800;
const MAX_INFO_LENGTH = 256;
const NEWEST = '2025-11-25';

/** Agrees with a client: on its revision if that is one, else on the newest (MCP 2025-11-25, "Version negotiation"). */
export function agree(params: Members, key: string): BridgedSession {
  const version = MCP_LEGACY_VERSIONS.find((known) => known === params['protocolVersion']) ?? NEWEST;
  const given = isRecord(params['capabilities']) ? params['capabilities'] : {};
  const core = coreCapabilities(given, version);
  const extensions = withoutTasks(given['extensions']);
  const clientInfo = shortInfo(params['clientInfo']);
  const whole = { key, version, capabilities: { ...core, ...extensions }, clientInfo };
  return isShort(whole) ? whole : { ...whole, capabilities: core };
}

/** Questions that a client can be asked: of `elicitation` both modes exist in 2025-11-25 only, and none before 2025-06-18. */
function coreCapabilities(given: Members, version: BridgedSession['version']): Members {
  const { elicitation, sampling, roots } = given;
  const isNewest = version === '2025-11-25';
  const canElicit = isRecord(elicitation) && (isNewest || version === '2025-06-18');
  return {
    ...(canElicit ? { elicitation: isNewest ? flags(elicitation, ['form', 'url']) : {} } : {}),
    ...(isRecord(sampling) ? { sampling: isNewest ? flags(sampling, ['tools', 'context']) : {} } : {}),
    ...(isRecord(roots) ? { roots: {} } : {}),
  };
}

function flags(given: Members, names: readonly string[]): Members {
  return Object.fromEntries(names.filter((name) => isRecord(given[name])).map((name) => [name, {}]));
}

function withoutTasks(extensions: unknown): { readonly extensions?: Members } {
  if (!isRecord(extensions)) return {};
  const { [TASKS_EXTENSION]: _tasks, ...carried } = extensions;
  return Object.keys(carried).length === 0 ? {} : { extensions: carried };
}

function shortInfo(info: unknown): Members | undefined {
  if (!isRecord(info)) return undefined;
  const short: Record<string, string> = {};
  for (const name of ['name', 'title', 'version']) {
    const value = info[name];
    if (typeof value === 'string') short[name] = value.slice(0, MAX_INFO_LENGTH);
  }
  return short;
}

function isShort(session: BridgedSession): boolean {
  return Buffer.byteLength(sessionText(session)) <= MAX_BYTES;
}

export function sessionText(session: BridgedSession): string {
  return `${PREFIX}${JSON.stringify(session)}`;
}

export function isBridgedSession(text: string | undefined): boolean {
  return text?.startsWith(PREFIX) === true;
}

const Members = z.custom<Members>(isRecord);
const Session = z.strictObject({
  key: z.string().min(1),
  version: z.enum(MCP_LEGACY_VERSIONS),
  capabilities: Members,
  clientInfo: Members.optional(),
});

/** The session that an id holds; undefined for one that another server of the same place gave out. */
export function readSession(text: string | undefined): BridgedSession | undefined {
  if (text === undefined || !isBridgedSession(text)) return undefined;
  const read = Session.safeParse(parsed(text.slice(PREFIX.length)));
  return read.success ? { ...read.data, clientInfo: read.data.clientInfo } : undefined;
}

/** An id of a server may begin as ours do. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the client can be asked a question of that kind (MCP 2026-07-28, "Client capabilities"). */
export function canBeAsked({ capabilities }: BridgedSession, method: string, params: Members): boolean {
  const { elicitation, sampling, roots } = capabilities;
  if (method === 'roots/list') return roots !== undefined;
  if (method === 'sampling/createMessage') {
    return isRecord(sampling) && (params['tools'] === undefined || sampling['tools'] !== undefined);
  }
  if (method !== 'elicitation/create' || !isRecord(elicitation)) return false;
  if (params['mode'] === 'url') return elicitation['url'] !== undefined;
  return elicitation['form'] !== undefined || elicitation['url'] === undefined;
}
