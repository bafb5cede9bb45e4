// The Python part of the registry: the wheels in a folder.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface WheelStore {
  /** Page with the files of a project; undefined when there are none. */
  index(project: string): Buffer | undefined;
  file(name: string): Buffer | undefined;
}

export function wheelStore(folder: string): WheelStore {
  const files = (): readonly string[] =>
    existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.whl')) : [];
  return {
    index: (project) => {
      const own = files().filter((file) => normal(file.split('-')[0] ?? '') === normal(project));
      if (own.length === 0) return undefined;
      return Buffer.from(own.map((file) => `<a href="/wheels/${file}">${file}</a>\n`).join(''));
    },
    file: (name) => (files().includes(name) ? readFileSync(join(folder, name)) : undefined),
  };
}

/** Names of projects that mean the same one (Python packaging, "Names and normalization"). */
function normal(project: string): string {
  return project.toLowerCase().replaceAll(/[-_.]+/g, '-');
}
