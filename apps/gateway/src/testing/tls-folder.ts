import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TlsPaths } from '../tls/tls-files.ts';
import { type TestCertificate } from './certificates.ts';

/** The files of a TLS listener, as somebody else keeps them up to date. */
export interface TlsFolder extends AsyncDisposable {
  readonly paths: Required<TlsPaths>;
  /** Replaces what is given, file by file. */
  put(contents: Partial<TestCertificate> & { readonly clientCa?: string }): Promise<void>;
}

export async function openTlsFolder(served: TestCertificate, clientCa: string): Promise<TlsFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-runtime-tls-'));
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), clientCa: join(folder, 'ca.crt') };
  const put: TlsFolder['put'] = async (contents) => {
    for (const name of ['cert', 'key', 'clientCa'] as const) {
      const text = contents[name];
      if (text === undefined) continue;
      await writeFile(`${paths[name]}.new`, text, { mode: 0o600 });
      await rename(`${paths[name]}.new`, paths[name]);
    }
  };
  await put({ ...served, clientCa });
  return { paths, put, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
