import { AppError } from '@mcp-runtime/api';
import { isLoopbackAddress } from '@mcp-runtime/base';
import { type ClusterAccess, type Credential, type Trust } from './access.ts';
import { type CachedFile, cachedFile } from './cached-file.ts';
import { execPlugin } from './exec-credential.ts';
import { type ClusterEntry, type UserEntry } from './kubeconfig-schema.ts';
import { type ChosenContext, type Placed, placedPath } from './kubeconfig.ts';

/** Access as one context of a kubeconfig says. @throws AppError `invalid_config` */
export function kubeconfigAccess({ cluster, user, namespace }: ChosenContext): ClusterAccess {
  const server = serverOf(cluster.entry);
  rejectUnknownProofs(user.entry);
  const files = new Set<CachedFile>();
  const fileIn = (folder: string, path: string): CachedFile => {
    const file = cachedFile(placedPath(path, folder));
    files.add(file);
    return file;
  };
  const trust = trustOf(cluster, fileIn);
  const own = credentialOf(user, fileIn);
  const { exec } = user.entry;
  const plugin = exec && execPlugin({ entry: exec, folder: user.folder, cluster: clusterInfo(server, cluster.entry) });
  const acting = impersonationOf(user.entry);
  return {
    server,
    namespace,
    trust,
    credential: async () => {
      const credential = plugin ? await plugin.credential() : await own();
      return { ...credential, headers: { ...credential.headers, ...acting } };
    },
    renew: () => {
      plugin?.forget();
      for (const file of files) file.forget();
    },
  };
}

type FileIn = (folder: string, path: string) => CachedFile;

function serverOf(entry: ClusterEntry): URL {
  const text = entry.server ?? '';
  const server = URL.canParse(text) ? new URL(text) : undefined;
  if (server === undefined || !['https:', 'http:'].includes(server.protocol)) {
    throw new AppError('invalid_config', `\`${text}\` is no URL of an API server`);
  }
  if (server.protocol === 'http:' && !isLoopbackAddress(server.hostname.replaceAll(/^\[|\]$/g, ''))) {
    throw new AppError('invalid_config', `\`${server.host}\` is asked without TLS: only this machine may be`);
  }
  if (entry['proxy-url']) throw new AppError('invalid_config', '`proxy-url` of a cluster is not supported');
  return server;
}

function rejectUnknownProofs(user: UserEntry): void {
  const unknown = (['auth-provider', 'username', 'as-user-extra'] as const).find((name) => user[name] !== undefined);
  if (unknown === undefined) return;
  throw new AppError('invalid_config', `\`${unknown}\` of a user is not supported`, {
    next: 'use a client certificate, a token or an `exec` plugin',
  });
}

function trustOf({ entry, folder }: Placed<ClusterEntry>, fileIn: FileIn): () => Promise<Trust> {
  const data = entry['certificate-authority-data'];
  const path = entry['certificate-authority'];
  const file = data === undefined && path ? fileIn(folder, path) : undefined;
  const serverName = entry['tls-server-name'];
  return async () => {
    const ca = data === undefined ? await file?.read() : decoded(data);
    return {
      ...(ca !== undefined && { ca }),
      ...(serverName && { serverName }),
      ...(entry['insecure-skip-tls-verify'] === true && { verify: 'never' }),
    };
  };
}

/** As in client-go, data counts before a file, and a file of a token before the token. */
function credentialOf({ entry, folder }: Placed<UserEntry>, fileIn: FileIn): () => Promise<Credential> {
  const [certData, keyData] = [entry['client-certificate-data'], entry['client-key-data']];
  const [certPath, keyPath] = [entry['client-certificate'], entry['client-key']];
  const certFile = certData === undefined && certPath ? fileIn(folder, certPath) : undefined;
  const keyFile = keyData === undefined && keyPath ? fileIn(folder, keyPath) : undefined;
  const tokenFile = entry.tokenFile ? fileIn(folder, entry.tokenFile) : undefined;
  return async () => {
    const cert = certData === undefined ? await certFile?.read() : decoded(certData);
    const key = keyData === undefined ? await keyFile?.read() : decoded(keyData);
    const token = tokenFile === undefined ? entry.token : (await tokenFile.read()).trim();
    return {
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      headers: token ? { authorization: `Bearer ${token}` } : {},
    };
  };
}

/** Kubernetes docs, "User impersonation". */
function impersonationOf(user: UserEntry): Credential['headers'] {
  return {
    ...(user.as && { 'impersonate-user': user.as }),
    ...(user['as-uid'] && { 'impersonate-uid': user['as-uid'] }),
    ...(user['as-groups'] && { 'impersonate-group': user['as-groups'] }),
  };
}

function clusterInfo(server: URL, entry: ClusterEntry): object {
  return {
    server: server.href,
    ...(entry['certificate-authority-data'] && {
      'certificate-authority-data': entry['certificate-authority-data'],
    }),
    ...(entry['tls-server-name'] && { 'tls-server-name': entry['tls-server-name'] }),
  };
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
