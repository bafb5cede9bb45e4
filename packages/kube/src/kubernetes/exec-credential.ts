import { execFile } from 'node:child_process';
import { AppError } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';
import { z } from 'zod';
import { type Credential } from './access.ts';
import { type ExecEntry } from './kubeconfig-schema.ts';
import { placedPath } from './kubeconfig.ts';

/** What a plugin prints (Kubernetes docs, "client-go credential plugins"). */
const ExecCredential = z.looseObject({
  kind: z.literal('ExecCredential'),
  apiVersion: z.string(),
  status: z
    .looseObject({
      expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
      token: z.string().optional(),
      clientCertificateData: z.string().optional(),
      clientKeyData: z.string().optional(),
    })
    .refine(({ token, clientCertificateData: cert, clientKeyData: key }) => token || (cert && key), {
      error: 'must hold a token, or a certificate with its key',
    }),
});

export interface ExecPlugin {
  /** From the plugin, or from memory until a little before it expires. @throws AppError `cluster_access_refused` */
  credential(): Promise<Credential>;
  forget(): void;
}

interface ExecPluginOptions {
  readonly entry: ExecEntry;
  /** Of the kubeconfig: where a command with a path begins. */
  readonly folder: string;
  /** Told to plugins that ask for it. */
  readonly cluster: object;
  readonly now?: () => number;
}

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 1024 * 1024;
/** A credential that expires on its way is of no use. */
const EARLY_MS = 10_000;

export function execPlugin({ entry, folder, cluster, now = Date.now }: ExecPluginOptions): ExecPlugin {
  let kept: { readonly credential: Credential; readonly until: number } | undefined;
  let running: Promise<Credential> | undefined;
  const ask = async (): Promise<Credential> => {
    const { status } = readCredential(await runPlugin(entry, folder, cluster), entry);
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
    const until = expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp) - EARLY_MS;
    const credential: Credential = {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      ...(cert && key && { cert, key }),
    };
    kept = { credential, until };
    return credential;
  };
  return {
    credential: async () => {
      if (kept !== undefined && now() < kept.until) return kept.credential;
      running ??= ask().finally(() => {
        running = undefined;
      });
      return await running;
    },
    forget: () => {
      kept = undefined;
    },
  };
}

/** No shell: the command and its arguments are those of the file, one by one. */
function runPlugin(entry: ExecEntry, folder: string, cluster: object): Promise<string> {
  const { apiVersion, command, args, env, provideClusterInfo, interactiveMode } = entry;
  if (interactiveMode === 'Always') {
    throw new AppError('cluster_access_refused', `\`${command}\` needs a terminal, and there is none here`);
  }
  const spec = { interactive: false, ...(provideClusterInfo === true && { cluster }) };
  const given = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const info = { KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }) };
  const path = command.includes('/') ? placedPath(command, folder) : command;
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...given, ...info }, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT };
    const child = execFile(path, [...(args ?? [])], options, (error, output, complaints) => {
      if (error === null) resolve(output);
      else reject(failed(entry, error, complaints));
    });
    child.stdin?.end();
  });
}

function failed({ command, installHint }: ExecEntry, error: Error, complaints: string): AppError {
  if (errnoOf(error) === 'ENOENT') {
    const next = installHint?.slice(0, 500) ?? `install \`${command}\``;
    return new AppError('cluster_access_refused', `there is no program \`${command}\` for credentials`, { next });
  }
  const said = complaints.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  const why = said === '' ? 'it failed' : said;
  return new AppError('cluster_access_refused', `\`${command}\` gave no credential: ${why}`);
}

/** What was printed is a secret, so messages quote nothing of it. */
function readCredential(output: string, { command, apiVersion }: ExecEntry): z.infer<typeof ExecCredential> {
  const parsed = ExecCredential.safeParse(jsonOf(output));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = [...(issue?.path ?? [])].join('.');
    throw new AppError(
      'cluster_access_refused',
      `\`${command}\` printed no ExecCredential: ${where}: ${issue?.message}`,
    );
  }
  if (parsed.data.apiVersion === apiVersion) return parsed.data;
  throw new AppError('cluster_access_refused', `\`${command}\` answered in another version than \`${apiVersion}\``);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
