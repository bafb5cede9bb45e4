import { once } from 'node:events';
import { createServer } from 'node:http';
import { AppError } from '@mcp-runtime/api';
import { closeOnce, errnoOf, listenOn } from '@mcp-runtime/base';
import { Children, spawnInGroup } from './children.ts';
import { Endpoint } from './endpoint.ts';
import { type Bridge, type BridgeOptions } from './options.ts';
import { type Join } from './session.ts';
import { Sessions } from './sessions.ts';
import { SharedHost } from './shared-host.ts';
import { StatelessSide } from './stateless.ts';
import { telemetryOf } from './telemetry.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 60_000;
const MAX_HEADER_BYTES = 16_384;
const MAX_SWEEP_MS = 30_000;

/**
 * Serves a stdio MCP server as Streamable HTTP. Resolves when it listens; processes start on demand, one of them ahead.
 * `close` lets open requests end while their process is asked to, then leaves neither process nor socket.
 * @throws AppError `port_in_use`, `invalid_config`
 */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const telemetry = telemetryOf(options.log);
  const { command, args, env, cwd, maxMessageBytes, clock, idleTimeoutMs, listen } = options;
  const spawn = options.spawn ?? spawnInGroup;
  const children = new Children({
    spawn: () => spawn(command, args, { env, cwd }),
    command,
    maxMessageBytes,
    telemetry,
    onStderr: (line) => options.onStderr?.(line),
  });
  const statelessHost = new SharedHost(children, telemetry, clock);
  const sessions = new Sessions({
    join: options.process === 'shared' ? joinShared(new SharedHost(children, telemetry, clock)) : joinOwn(children),
    maxSessions: options.maxSessions,
    idleTimeoutMs,
    clock,
    telemetry,
  });
  const prewarm = (): void => (options.process === 'per-session' ? children.prewarm() : undefined);
  const endpoint = new Endpoint({
    path: options.path,
    listenHost: listen.host,
    maxMessageBytes,
    sessions,
    stateless: new StatelessSide(statelessHost),
    telemetry,
    onSession: prewarm,
  });
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: BODY_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = createServer(limits, (request, response) => void endpoint.handle(request, response));
  const port = await listenOn(server, listen).catch((cause: unknown) => {
    throw listenError(cause, listen);
  });
  children.prewarm();
  const sweep = setInterval(
    () => {
      sessions.endIdle();
      statelessHost.stopIfUnusedSince(clock() - idleTimeoutMs);
    },
    Math.min(MAX_SWEEP_MS, idleTimeoutMs),
  );

  const running = closeOnce(async () => {
    clearInterval(sweep);
    const closed = once(server, 'close');
    server.close();
    await children.stopAll();
    await sessions.closeAll(new AppError('service_unavailable', 'the bridge is closing'));
    server.closeAllConnections();
    await closed;
  });
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return {
    ...running,
    url: `http://${host}:${port}${options.path}`,
    sessions: () => sessions.count,
    pids: () => children.pids,
  };
}

function joinOwn(children: Children): Join {
  return (receiver) => {
    const child = children.take();
    child.attach(receiver);
    return { send: (message) => child.send(message), leave: () => child.stop() };
  };
}

function joinShared(host: SharedHost): Join {
  return (receiver) => host.join(receiver);
}

function listenError(cause: unknown, { host, port }: BridgeOptions['listen']): AppError {
  const code = errnoOf(cause) === 'EADDRINUSE' ? 'port_in_use' : 'invalid_config';
  return new AppError(code, `cannot listen on \`${host}:${port}\``, { cause });
}
