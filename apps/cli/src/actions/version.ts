import { readFile } from 'node:fs/promises';
import { type Printed } from '../frame/command.ts';

/** The version in the package's manifest: beside `dist` when packed, at the root of a checkout otherwise. */
export async function packageVersion(): Promise<string> {
  for (const place of ['../package.json', '../../../../package.json']) {
    const manifest = await readFile(new URL(place, import.meta.url), 'utf8').then(
      (text): { name?: string; version?: string } => JSON.parse(text),
      () => undefined,
    );
    if (manifest?.name === 'mcp-runtime' && manifest.version !== undefined) return manifest.version;
  }
  return '0.0.0';
}

export async function run(): Promise<Printed> {
  const version = await packageVersion();
  return {
    data: { version, node: process.versions.node },
    table: `mcp-runtime ${version} (Node ${process.versions.node})`,
  };
}
