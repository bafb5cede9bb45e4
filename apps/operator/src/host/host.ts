import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AppError, type ObjectKey, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, closeOnce } from '@mcp-runtime/base';
import { openChildren } from './children.ts';
import { baseEnvironment, serverFolder, toolEnvironment } from './environment.ts';
import { createInstaller } from './install.ts';
import { openPorts } from './loopback.ts';
import { endMarked, instancePrefix, newMarker } from './marker.ts';
import { type Host, type HostOptions } from './port.ts';
import { type ServerLog, openServerLog } from './server-log.ts';
import { type HostParts, type Supervised, superviseServer } from './supervised.ts';
import { noWatchdog, startWatchdog } from './watchdog.ts';

const BACKOFF: BackoffPolicy = { initialMs: 500, factor: 2, maxMs: 30_000 };

/** Runs servers as child processes of this one. What an earlier run on the same folder left is ended first. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { clock, log } = options;
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const prefix = instancePrefix(dataDir, options.instance);
  const orphans = await endMarked(prefix);
  if (orphans > 0) log.warn('ended processes of an earlier run', { count: orphans });

  const closing = new AbortController();
  const marker = newMarker(prefix);
  const base = baseEnvironment(options.env);
  const watchdog =
    options.orphans === 'contained' ? noWatchdog() : await startWatchdog({ marker, searchPath: base.PATH, log });
  const children = openChildren(marker, watchdog);
  const parts: HostParts = {
    dataDir,
    clock,
    backoff: options.backoff ?? BACKOFF,
    children,
    installer: createInstaller({ children, env: toolEnvironment(options.env), signal: closing.signal }),
    places: {
      packages: join(dataDir, 'packages'),
      packageRoots: options.packageRoots ?? [],
      searchPath: base.PATH,
    },
    ports: openPorts(),
    base,
    startBridge: options.startBridge,
    onState(key, state) {
      options.onChange(key, state);
      if (state.phase === 'preparing') options.onProgress?.(key, state.message);
    },
  };

  const servers = new Map<string, Supervised>();
  const outputs = new Map<string, ServerLog>();

  function outputOf(key: ObjectKey): ServerLog {
    const known = outputs.get(keyText(key));
    if (known !== undefined) return known;
    const output = openServerLog({ folder: serverFolder(dataDir, key).log, clock, log });
    outputs.set(keyText(key), output);
    return output;
  }

  async function stop(supervised: Supervised): Promise<void> {
    await supervised.stop();
    options.onChange(supervised.server.key, { phase: 'stopped' });
  }

  return {
    ensure(server) {
      if (closing.signal.aborted) throw new AppError('service_unavailable', 'the host is closing');
      const text = keyText(server.key);
      const before = servers.get(text);
      if (before !== undefined && !before.stopping && isDeepStrictEqual(before.server, server)) return;
      servers.set(text, superviseServer(server, before, outputOf(server.key), parts));
    },
    async remove(key) {
      const text = keyText(key);
      const supervised = servers.get(text);
      if (supervised === undefined) return;
      await stop(supervised);
      if (servers.get(text) === supervised) servers.delete(text);
    },
    state: (key) => servers.get(keyText(key))?.state(),
    logs: (key, { tail }) => outputOf(key).tail(tail),
    followLogs: (key, follow) => outputOf(key).follow(follow),
    ...closeOnce(async () => {
      closing.abort();
      await Promise.all([...servers.values()].map(stop));
      servers.clear();
      await children.close();
      await watchdog.close();
      await Promise.all([...outputs.values()].map((output) => output.flush()));
    }),
  };
}
