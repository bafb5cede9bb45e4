import { type AuditEvent, AppError, FIELD_MANAGERS, type MCPServer, asAppError } from '@mcp-runtime/api';
import { type LogLevel, LOG_LEVELS, OpenedSoFar, systemClock } from '@mcp-runtime/base';
import { createLogger } from '@mcp-runtime/base/logger';
import { applyResources, loadResourceFiles, problemText } from '@mcp-runtime/control-plane';
import { type LocalRuntime, startLocalRuntime } from '@mcp-runtime/local';
import { type CommandIo, type Invocation } from '../frame/command.ts';
import { parseAddress } from './address.ts';
import { openTracer } from './open-tracer.ts';
import { tlsOptions } from './tls-flags.ts';
import { untilAborted } from './until-aborted.ts';
import { dataDirOf } from './target.ts';
import { callLine } from './up/call-line.ts';
import { packageRoot } from './up/package-root.ts';
import { readyText } from './up/ready-text.ts';
import { canTour, nextCommands, runTour } from './up/tour.ts';
import { waitUntilSettled } from './up/wait.ts';
import { packageVersion } from './version.ts';

interface Flags {
  readonly file: readonly string[];
  readonly tour: boolean;
  readonly listen: string;
  readonly 'api-listen': string;
  readonly 'data-dir': string | undefined;
  readonly 'trust-headers-from': readonly string[];
  readonly 'allow-upstreams-in': readonly string[];
  readonly 'trusted-listen': string | undefined;
  readonly 'trusted-proxy': string | undefined;
  readonly 'tls-cert': string | undefined;
  readonly 'tls-key': string | undefined;
  readonly 'tls-client-ca': string | undefined;
  readonly 'log-level': string;
  readonly quiet: boolean;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const began = performance.now();
  const files = await readFiles(flags.file);
  const version = await packageVersion();
  const root = await packageRoot();
  const tls = tlsOptions({ tlsCert: flags['tls-cert'], tlsKey: flags['tls-key'], tlsClientCa: flags['tls-client-ca'] });
  const stop = new AbortController();
  const stopped = AbortSignal.any([io.signal, stop.signal]);
  const say = (line: string): void => io.stdout.write(`${line}\n`);
  const tracing = new OpenedSoFar();
  const runtime = await startLocalRuntime({
    ...(await openTracer(undefined, io.env, tracing)),
    dataDir: dataDirOf(flags['data-dir'], io.env),
    version,
    listen: parseAddress(flags.listen, '--listen'),
    apiListen: parseAddress(flags['api-listen'], '--api-listen'),
    trustHeadersFrom: flags['trust-headers-from'],
    allowUpstreamsIn: flags['allow-upstreams-in'],
    ...(flags['trusted-listen'] === undefined
      ? {}
      : { trustedListen: parseAddress(flags['trusted-listen'], '--trusted-listen') }),
    ...(flags['trusted-proxy'] === undefined ? {} : { trustedProxy: flags['trusted-proxy'] }),
    ...(tls === undefined ? {} : { tls }),
    packageRoots: root === undefined ? [] : [root],
    env: io.env,
    clock: systemClock,
    log: createLogger({ level: levelOf(flags['log-level']) }),
    onProgress: (server, text) => io.stderr.write(`${server}: ${text}\n`),
    onShutdownAsked: () => stop.abort(),
  });
  try {
    const started = performance.now();
    await applyFiles(runtime, files, io);
    const servers = await waitUntilSettled(runtime, stopped);
    const ready = performance.now();
    say(await readyText(runtime, servers, { version, startMs: started - began, serversMs: ready - started }));
    await tourOrStay(runtime, servers, flags, { ...io, signal: stopped });
  } finally {
    if (!flags.tour) say('stopping …');
    await runtime.close();
    await tracing.releaseAll();
  }
}

async function tourOrStay(
  runtime: LocalRuntime,
  servers: readonly MCPServer[],
  flags: Flags,
  io: CommandIo,
): Promise<void> {
  const say = (line: string): void => io.stdout.write(`${line}\n`);
  if (io.signal.aborted) return;
  // The tour trusts the authorities of this program: over TLS it is made only when asked for.
  const isPlain = runtime.gatewayUrl.startsWith('http:');
  if (canTour(servers) && (isPlain || flags.tour)) await runTour(runtime, say, io.signal);
  else if (flags.tour) {
    throw new AppError('service_unavailable', 'the tour needs the servers of the example, all of them ready', {
      next: 'mcp-runtime up -f examples/local --tour',
    });
  }
  if (flags.tour) return;
  say(['', 'try next:', ...nextCommands(servers).map((command) => `  ${command}`), ''].join('\n'));
  say(flags.quiet ? 'running; Ctrl-C stops it' : 'running; Ctrl-C stops it; a line for each call follows');
  const stopTelling = flags.quiet ? () => {} : runtime.onEvent((event) => tell(event, say));
  await untilAborted(io.signal);
  stopTelling();
}

function tell(event: AuditEvent, say: (line: string) => void): void {
  const line = callLine(event);
  if (line !== undefined) say(line);
}

/** What the files declare. @throws AppError `invalid_resource` with a line for each fault. */
async function readFiles(paths: readonly string[]): Promise<readonly unknown[]> {
  if (paths.length === 0) return [];
  const { resources, problems } = await loadResourceFiles(paths);
  if (problems.length > 0) {
    throw new AppError('invalid_resource', problems.map(problemText).join('\n'), {
      next: 'correct the files; nothing was applied',
    });
  }
  return resources.map(({ declared }) => declared);
}

/** What somebody changed at run time stays as it is: starting again must not undo a revocation. */
async function applyFiles(runtime: LocalRuntime, declared: readonly unknown[], io: CommandIo): Promise<void> {
  for (const one of declared) {
    try {
      await applyResources(runtime.resources, [one], { fieldManager: FIELD_MANAGERS.files });
    } catch (error) {
      const known = asAppError(error);
      if (known.code !== 'conflict') throw error;
      io.stderr.write(`kept as it is: ${known.message}\n`);
    }
  }
}

function levelOf(text: string): LogLevel {
  return LOG_LEVELS.find((level) => level === text) ?? 'warn';
}
