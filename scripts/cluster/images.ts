// The image that a node has to have before it can start any pod.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageArchive } from '../image/oci.ts';

/** Writes the archive of the image that holds a pod's namespaces (`sandbox_image` in conf/containerd.toml). */
export function writePauseImage(programs: string): void {
  const archive = join(programs, 'pause.tar');
  if (existsSync(archive)) return;
  const { bytes } = imageArchive({
    name: 'localhost/pause:1',
    config: { User: '65535', Entrypoint: ['/pause'] },
    layers: [[{ path: 'pause', kind: 'file', mode: 0o755, data: readFileSync(join(programs, 'pause')) }]],
  });
  writeFileSync(archive, bytes);
}
