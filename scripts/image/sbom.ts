// A software bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). No times, no serial number: the same input gives
// the same text.
import { createHash } from 'node:crypto';

export interface Component {
  /** In order: a package of npm, one of Debian, or a single file. */
  readonly purl?: string;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** As in a lockfile: `sha512-BASE64`. */
  readonly integrity?: string | undefined;
  /** Files of this component in the image. */
  readonly files?: readonly string[];
}

export function sbomOf(name: string, version: string, components: readonly Component[]): string {
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': name, name, version } },
    components: components.map(componentOf),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

export function npmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function componentOf({ purl, name, version, license, integrity, files = [] }: Component): object {
  return {
    type: 'library',
    'bom-ref': purl ?? `${name}@${version}`,
    name,
    version,
    ...(purl === undefined ? {} : { purl }),
    ...(license === undefined ? {} : { licenses: [licenceOf(license)] }),
    ...(integrity === undefined ? {} : { hashes: [hashOf(integrity)] }),
    ...(files.length === 0 ? {} : { evidence: { occurrences: files.map((location) => ({ location })) } }),
  };
}

/** One identifier of SPDX is a licence; several, with AND and OR, are an expression. */
function licenceOf(text: string): object {
  if (/^[\w.+-]+$/.test(text)) return { license: { id: text } };
  return /^[\w.+() -]+$/.test(text) ? { expression: text } : { license: { name: text } };
}

function hashOf(integrity: string): { alg: string; content: string } {
  const [alg = '', value = ''] = integrity.split('-');
  return { alg: alg.replace(/^sha/, 'SHA-'), content: Buffer.from(value, 'base64').toString('hex') };
}

/** As a lockfile spells it. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}
