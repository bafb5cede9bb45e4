import { createHash } from 'node:crypto';
import { META_KEYS, memberText, mirroredName, withMembers } from '@mcp-runtime/mcp';
import { type Exchange } from '../../exchange.ts';

/** A request of MCP 2026-07-28 in the parts that a bridge needs. Texts are JSON as the caller spelled it. */
export interface ModernCall {
  readonly id: string | number;
  readonly method: string;
  /** Of the tool, prompt or resource that the request names. */
  readonly name: string | undefined;
  readonly params: string;
  readonly capabilities: ClientCapabilities;
  readonly capabilitiesText: string;
  readonly clientInfo: string | undefined;
  readonly logLevel: string | undefined;
  readonly progressToken: string | undefined;
  /** What the caller brings back from an earlier round (MCP 2026-07-28, "Multi round-trip requests"). */
  readonly requestState: string | undefined;
  readonly inputResponses: string | undefined;
}

export type ClientCapabilities = Readonly<Record<string, unknown>>;

/** Undefined for what is no request. */
export function readModernCall({ message, body }: Exchange): ModernCall | undefined {
  if (message?.kind !== 'request') return undefined;
  const params = memberText(body.toString('utf8'), 'params') ?? '{}';
  const meta = memberText(params, '_meta') ?? '{}';
  const capabilitiesText = memberText(meta, META_KEYS.clientCapabilities) ?? '{}';
  const capabilities: ClientCapabilities = JSON.parse(capabilitiesText);
  const { requestState } = message.params;
  return {
    id: message.id,
    method: message.method,
    name: mirroredName(message.method, message.params),
    params,
    capabilities,
    capabilitiesText,
    clientInfo: memberText(meta, META_KEYS.clientInfo),
    logLevel: levelIn(memberText(meta, META_KEYS.logLevel)),
    progressToken: memberText(meta, 'progressToken'),
    requestState: typeof requestState === 'string' ? requestState : undefined,
    inputResponses: memberText(params, 'inputResponses'),
  };
}

function levelIn(text: string | undefined): string | undefined {
  const level: unknown = text === undefined ? undefined : JSON.parse(text);
  return typeof level === 'string' ? level : undefined;
}

const ENVELOPE = {
  [META_KEYS.protocolVersion]: undefined,
  [META_KEYS.clientCapabilities]: undefined,
  [META_KEYS.clientInfo]: undefined,
  [META_KEYS.logLevel]: undefined,
} as const;

/** What a caller adds to a request when it brings answers. */
const ROUND = { inputResponses: undefined, requestState: undefined } as const;

/**
 * The same request for a legacy session: under an id of that session, which is also its progress token, and without the
 * envelope, which some servers would take for the other era. Everything else stays as it is spelled.
 */
export function legacyRequest({ method, params, progressToken }: ModernCall, id: number): string {
  const given = memberText(params, '_meta') ?? '{}';
  const token = progressToken === undefined ? undefined : String(id);
  const meta = withMembers(given, { ...ENVELOPE, progressToken: token });
  const carried = withMembers(params, { ...ROUND, _meta: meta === '{}' ? undefined : meta });
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${carried}}`;
}

/** Tells one request from another: by all its parameters but those that differ from round to round. */
export function digestOf({ params }: Pick<ModernCall, 'params'>): string {
  const lasting = withMembers(params, { ...ROUND, _meta: undefined });
  return createHash('sha256').update(withoutSpace(lasting)).digest('base64url');
}

function withoutSpace(json: string): string {
  return json.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, (_, text: string | undefined) => text ?? '');
}
