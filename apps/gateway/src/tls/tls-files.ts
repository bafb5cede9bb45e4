import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type SecureContextOptions, createSecureContext } from 'node:tls';
import { AppError } from '@mcp-runtime/api';
import { type Logger, type Running, closeOnce } from '@mcp-runtime/base';
import { watchFiles } from '../watch-files.ts';

/** Files in PEM form. */
export interface TlsPaths {
  /** The certificate, then the intermediates up to its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities whose client certificates count; without it none is asked for. */
  readonly clientCa?: string;
}

/** What the files held when they were read last and were whole. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  readonly notAfter: Date;
  /** SHA-256 fingerprints of the authorities for clients. */
  readonly clientAuthorities: ReadonlySet<string>;
}

export interface TlsStatus {
  readonly loaded_at: string;
  readonly not_after: string;
  /** Why the files as they are now are not in use; what they held before is. */
  readonly last_reload_error?: string;
}

export interface TlsFiles extends Running {
  current(): TlsMaterial;
  status(): TlsStatus;
}

interface TlsFilesOptions {
  readonly paths: TlsPaths;
  readonly log: Logger;
  /** After each reload: `failed` kept what there was. */
  readonly onReload: (outcome: 'ok' | 'failed') => void;
}

/** Reads the files, and again when they change. Rejects with `invalid_config` when they are not whole at the start. */
export async function openTlsFiles({ paths, log, onReload }: TlsFilesOptions): Promise<TlsFiles> {
  let material: TlsMaterial | undefined;
  let loadedAt = '';
  let fault: string | undefined;

  async function load(): Promise<void> {
    const isFirst = material === undefined;
    material = await readMaterial(paths);
    loadedAt = new Date().toISOString();
    fault = undefined;
    if (isFirst) return;
    log.info('the TLS files were loaded again', { notAfter: material.notAfter.toISOString() });
    onReload('ok');
  }

  function onFault(error: unknown): void {
    fault = error instanceof Error ? error.message : String(error);
    log.error('the TLS files are not usable; what they held before stays in use', { error: fault });
    onReload('failed');
  }

  const current = (): TlsMaterial => {
    if (material === undefined) throw new TypeError('no TLS files are loaded');
    return material;
  };
  const files = Object.values(paths).filter((path) => path !== undefined);
  const watching = await watchFiles({ paths: files, load, onFault });
  return {
    ...closeOnce(() => watching.close()),
    current,
    status: () => ({
      loaded_at: loadedAt,
      not_after: current().notAfter.toISOString(),
      ...(fault === undefined ? {} : { last_reload_error: fault }),
    }),
  };
}

async function readMaterial(paths: TlsPaths): Promise<TlsMaterial> {
  const cert = await readPem(paths.cert, 'the certificate');
  const key = await readPem(paths.key, 'the key of the certificate');
  const ca = paths.clientCa === undefined ? undefined : await readPem(paths.clientCa, 'the authorities for clients');
  const [leaf] = certificatesIn(cert, paths.cert);
  const authorities = ca === undefined ? [] : certificatesIn(ca, paths.clientCa ?? '');
  const context = { cert, key, ...(ca === undefined ? {} : { ca }) };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw unusable(`\`${paths.cert}\` and \`${paths.key}\` cannot be used together: ${messageOf(cause)}`, cause);
  }
  return {
    context,
    notAfter: leaf === undefined ? new Date(0) : leaf.validToDate,
    clientAuthorities: new Set(authorities.map(({ fingerprint256 }) => fingerprint256)),
  };
}

async function readPem(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unusable(`\`${path}\` (${what}) cannot be read`, cause);
  }
}

/** @throws AppError `invalid_config` unless there is at least one, all of them whole. */
function certificatesIn(pem: string, path: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw unusable(`\`${path}\` holds no certificate`, undefined);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw unusable(`\`${path}\` holds a certificate that cannot be read: ${messageOf(cause)}`, cause);
  }
}

function unusable(message: string, cause: unknown): AppError {
  return new AppError('invalid_config', message, { cause, next: 'check that the files are PEM and belong together' });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
