import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { Secret, isRecord, readSecretFile, writeFileAtomically } from '@mcp-runtime/base';

/** Files of the data folder. Others read `runtime.json` and `admin.token` to find and open the API. */
export interface DataDir {
  readonly root: string;
  readonly resources: string;
  readonly events: string;
  readonly spool: string;
  readonly signingKey: string;
  readonly sessionKeys: string;
  readonly adminToken: string;
  readonly runtimeFile: string;
  readonly secrets: string;
}

export function dataDirAt(root: string): DataDir {
  return {
    root,
    resources: join(root, 'resources.sqlite'),
    events: join(root, 'events.sqlite'),
    spool: join(root, 'spool'),
    signingKey: join(root, 'signing-key.json'),
    sessionKeys: join(root, 'session.keys'),
    adminToken: join(root, 'admin.token'),
    runtimeFile: join(root, 'runtime.json'),
    secrets: join(root, 'secrets'),
  };
}

/** Rejects with `invalid_config` when the folder cannot be made or is open to others and cannot be closed. */
export async function prepareDataDir({ root }: DataDir): Promise<void> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await chmod(root, 0o700);
  } catch (cause) {
    throw new AppError('invalid_config', `the data folder \`${root}\` cannot be used`, {
      cause,
      next: 'choose another folder with --data-dir or MCP_RUNTIME_DATA_DIR',
    });
  }
}

/** The credential of the API: made at the first start, readable by its owner alone. */
export async function openAdminToken({ adminToken }: DataDir): Promise<Secret> {
  const known = (await readFile(adminToken, 'utf8').catch(() => '')).trim();
  if (known !== '') {
    await chmod(adminToken, 0o600);
    return new Secret(known);
  }
  const token = randomBytes(32).toString('base64url');
  await writeFileAtomically(adminToken, `${token}\n`, 0o600);
  return new Secret(token);
}

export interface RuntimeFile {
  readonly pid: number;
  readonly instance: string;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
}

export async function writeRuntimeFile({ runtimeFile }: DataDir, content: RuntimeFile): Promise<void> {
  await writeFileAtomically(runtimeFile, `${JSON.stringify(content)}\n`, 0o600);
}

/** URL of the gateway that the file tells of; it may have ended without removing the file. */
export async function gatewayOfRunning({ runtimeFile }: DataDir): Promise<string | undefined> {
  try {
    const told: unknown = JSON.parse(await readFile(runtimeFile, 'utf8'));
    return isRecord(told) && typeof told['gatewayUrl'] === 'string' ? told['gatewayUrl'] : undefined;
  } catch {
    return undefined;
  }
}

export async function removeRuntimeFile({ runtimeFile }: DataDir): Promise<void> {
  await rm(runtimeFile, { force: true });
}

/** A Secret on a host is a file: `secrets/NAMESPACE/NAME/KEY` in the data folder. Undefined when there is none. */
export function secretOf(
  { secrets }: DataDir,
  { namespace, name, key }: { readonly namespace: string; readonly name: string; readonly key: string },
): Promise<Secret | undefined> {
  return readSecretFile(secrets, [namespace, name, key]);
}
