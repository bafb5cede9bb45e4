import { setTimeout as delay } from 'node:timers/promises';
import { AppError, ERRORS, type ErrorCode, type MCPServer, isErrorCode, toConditionReason } from '@mcp-runtime/api';
import { type CommandIo } from '../../../frame/command.ts';
import { printable } from '../../../frame/print.ts';
import { type ApiClient, apiPath } from '../../api-client.ts';
import { getServer } from '../get-server.ts';
import { readyConditionOf } from '../text.ts';

const LOOK_EVERY_MS = 250;
const LOG_LINES = 10;
/** A server that ended this often, right after its start, does not come up by waiting. */
const HOPELESS_RESTARTS = 2;
/** Reasons that only a change of the resource ends. */
const BLOCKED = ['PathInUse', 'SecretMissing'];

interface Waiting {
  readonly api: ApiClient;
  readonly io: CommandIo;
  readonly timeoutSeconds: number;
}

/**
 * Waits until the server answers as it is declared now; tells on standard error what it waits for.
 * @throws AppError with the condition's message and the last lines of the log: `deadline_exceeded` when
 * time is up, or the code of what stops the server.
 */
export async function untilReady(server: MCPServer, { api, io, timeoutSeconds }: Waiting): Promise<MCPServer> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  const { namespace, name, generation = 1 } = server.metadata;
  let told = '';
  for (;;) {
    const seen = await getServer(api, { namespace, name });
    const ready = readyConditionOf(seen);
    const isCurrent = (seen.status?.observedGeneration ?? 0) >= generation;
    if (isCurrent && ready?.status === 'True') return seen;
    const message = isCurrent && ready !== undefined ? ready.message : 'the runtime has not looked at it yet';
    if (isCurrent && isHopeless(seen)) throw await failureOf(seen, api, codeOf(ready?.reason));
    if (performance.now() > deadline) throw await failureOf(seen, api, 'deadline_exceeded');
    if (message !== told) io.stderr.write(`waiting: ${printable(message)}\n`);
    told = message;
    await delay(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => {
      throw new AppError('canceled', 'interrupted', { next: `mcp-runtime server status ${name}` });
    });
  }
}

function isHopeless(server: MCPServer): boolean {
  const { phase, restarts = 0 } = server.status ?? {};
  return (
    phase === 'Error' ||
    (phase === 'Degraded' && restarts >= HOPELESS_RESTARTS) ||
    BLOCKED.includes(readyConditionOf(server)?.reason ?? '')
  );
}

/** The code whose condition reason this is. */
function codeOf(reason: string | undefined): ErrorCode {
  const code = Object.keys(ERRORS).find((known) => isErrorCode(known) && toConditionReason(known) === reason);
  return code !== undefined && isErrorCode(code) ? code : 'service_unavailable';
}

async function failureOf(server: MCPServer, api: ApiClient, code: ErrorCode): Promise<AppError> {
  const { name } = server.metadata;
  const why = readyConditionOf(server)?.message ?? 'nothing is known about it yet';
  const lines = await lastLogLines(server, api);
  const what = code === 'deadline_exceeded' ? 'is not ready in time' : 'does not become ready';
  return new AppError(code, [`server \`${name}\` ${what}: ${why}`, ...lines].join('\n'), {
    next: `mcp-runtime server logs ${name}`,
  });
}

async function lastLogLines({ metadata }: MCPServer, api: ApiClient): Promise<readonly string[]> {
  const path = apiPath('runtime', 'servers', metadata.namespace, metadata.name, 'logs');
  let text = '';
  try {
    for await (const chunk of api.stream(path, { query: { tail: LOG_LINES } })) text += chunk;
  } catch {
    // The failure itself is told in any case; a server that never started has no log.
    return [];
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? [] : ['its log ends with:', ...lines.slice(-LOG_LINES).map((line) => `  ${line}`)];
}
