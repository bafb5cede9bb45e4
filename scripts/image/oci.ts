// OCI image archives (https://github.com/opencontainers/image-spec, v1.1), made from files without a daemon or a registry.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tarOf } from './tar.ts';

const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;
const EPOCH = '1970-01-01T00:00:00Z';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** What runs, as in the image configuration of the specification. */
export interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageSpec {
  /** With a tag: `localhost/mcp-runtime:dev`. */
  readonly name: string;
  readonly config: ImageConfig;
  /** From the bottom up. */
  readonly layers: readonly (readonly TarEntry[])[];
}

export interface ImageArchive {
  readonly bytes: Buffer;
  /** `sha256:…` of the image's manifest: what `name@digest` means. */
  readonly digest: string;
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** The same bytes for the same spec. */
export function imageArchive({ name, config, layers }: ImageSpec): ImageArchive {
  const packed = layers.map(packedLayer);
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const configBlob = json({
    architecture,
    os: 'linux',
    created: EPOCH,
    config,
    rootfs: { type: 'layers', diff_ids: packed.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: EPOCH })),
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: descriptor(TYPES.config, configBlob),
    layers: packed.map((layer) => descriptor(TYPES.layer, layer)),
  });
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...descriptor(TYPES.manifest, manifest), platform: { architecture, os: 'linux' }, annotations }],
  });
  const bytes = tarOf([
    file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file('index.json', index.bytes),
    ...[manifest, configBlob, ...packed].map((part) => file(`blobs/sha256/${part.digest.slice(7)}`, part.bytes)),
  ]);
  return { bytes, digest: manifest.digest };
}

interface Layer extends Blob {
  /** Digest of the tar in it. */
  readonly diffId: string;
}

/** Packing takes most of the time: a layer of several images is packed once. */
const known = new WeakMap<readonly TarEntry[], Layer>();

function packedLayer(entries: readonly TarEntry[]): Layer {
  const before = known.get(entries);
  if (before !== undefined) return before;
  const tar = tarOf(entries);
  const layer = { ...blob(gzipSync(tar, { level: 5 })), diffId: digestOf(tar) };
  known.set(entries, layer);
  return layer;
}

function file(path: string, data: Buffer): TarEntry {
  return { path, kind: 'file', mode: 0o644, data };
}

function json(value: unknown): Blob {
  return blob(Buffer.from(JSON.stringify(value)));
}

function blob(bytes: Buffer): Blob {
  return { digest: digestOf(bytes), bytes };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function descriptor(mediaType: string, { digest, bytes }: Blob): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length };
}
