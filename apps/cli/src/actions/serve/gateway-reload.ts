import { type LeveledLogger } from '@mcp-runtime/base/logger';
import { type Running, closeOnce } from '@mcp-runtime/base';
import { type Gateway, openSessionKeys, watchFiles } from '@mcp-runtime/gateway';
import { type GatewayConfig } from './gateway-config.ts';

/** Settings that are put to use while the gateway serves; every other one counts after a restart. */
const RELOADED: readonly (keyof GatewayConfig)[] = ['limits', 'logLevel'];

/** Limits that connections and timers are made with. */
const FIXED_LIMITS: readonly (keyof GatewayConfig['limits'])[] = ['keepAliveMs', 'handshakeTimeoutMs', 'maxHandshakes'];

export interface SettingsStatus {
  readonly settings_loaded_at: string;
  /** Why the files as they are now are not in force; the settings before them still are. */
  readonly settings_error?: string;
  /** Changed in the file, and waiting for a restart. */
  readonly needs_restart?: readonly string[];
}

interface WatchedSettings extends Running {
  status(): SettingsStatus;
}

interface WatchOptions {
  /** The file given by --config, when there is one. */
  readonly file: string | undefined;
  readonly started: GatewayConfig;
  readonly read: () => Promise<GatewayConfig>;
  readonly gateway: Pick<Gateway, 'reload'>;
  readonly log: LeveledLogger;
}

/** Follows the settings file and the file of session keys. A broken one changes nothing, and is told of. */
export async function watchSettings({ file, started, read, gateway, log }: WatchOptions): Promise<WatchedSettings> {
  const paths = [file, started.sessionKeys].filter((path) => path !== undefined);
  let status: SettingsStatus = { settings_loaded_at: new Date().toISOString() };
  let isFirst = true;

  async function load(): Promise<void> {
    const next = await read();
    const { sessionKeys: keyFile } = started;
    const sessionKeys = keyFile === undefined ? undefined : await openSessionKeys(keyFile);
    gateway.reload({ limits: next.limits, ...(sessionKeys === undefined ? {} : { sessionKeys }) });
    log.setLevel(next.logLevel);
    const waiting = [
      ...changedFields(started, next).filter((field) => !RELOADED.includes(field)),
      ...FIXED_LIMITS.filter((limit) => started.limits[limit] !== next.limits[limit]).map((limit) => `limits.${limit}`),
    ];
    status = {
      settings_loaded_at: new Date().toISOString(),
      ...(waiting.length === 0 ? {} : { needs_restart: waiting }),
    };
    if (waiting.length > 0) log.warn('changed settings count after a restart', { settings: waiting });
    if (!isFirst) log.info('settings were read again', { paths });
    isFirst = false;
  }

  function onFault(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    status = { ...status, settings_error: message };
    log.error('the settings are not valid; those before them stay in force', { paths, error: message });
  }

  const watching = await watchFiles({ paths, load, onFault });
  return { ...closeOnce(() => watching.close()), status: () => status };
}

function changedFields(before: GatewayConfig, after: GatewayConfig): readonly (keyof GatewayConfig)[] {
  const fields = Object.keys(after).filter((field): field is keyof GatewayConfig => field in after);
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}
