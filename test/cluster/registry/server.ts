import { type Server, type ServerResponse, createServer } from 'node:http';
import type { PackageStore } from './packages.ts';
import type { WheelStore } from './wheels.ts';

const TARBALL = /^\/((?:@[^/]+\/)?[^/]+)\/-\/([^/]+)\.tgz$/;
const PACKUMENT = /^\/((?:@[^/]+\/)?[^/]+)$/;

const INDEX = /^\/simple\/([^/]+)\/$/;
const WHEEL = /^\/wheels\/([^/]+)$/;

/**
 * The part of the registry's API that `npm install` needs, packuments and tarballs; under `/simple/` an index of wheels
 * (https://packaging.python.org/en/latest/specifications/simple-repository-api/).
 */
export function registryServer(store: PackageStore, wheels: WheelStore): Server {
  return createServer((request, response) => {
    const path = pathOf(request.url);
    const [, project = ''] = INDEX.exec(path) ?? [];
    if (project !== '') return answer(response, wheels.index(project), 'text/html');
    const [, wheel = ''] = WHEEL.exec(path) ?? [];
    if (wheel !== '') return answer(response, wheels.file(wheel), 'application/octet-stream');
    const [, tarballOf = '', version = ''] = TARBALL.exec(path) ?? [];
    if (version !== '') return answer(response, store.tarball(tarballOf, version), 'application/octet-stream');
    const [, name = ''] = PACKUMENT.exec(path) ?? [];
    const found = store.packument(name, `http://${request.headers.host ?? ''}`);
    answer(response, found === undefined ? undefined : Buffer.from(JSON.stringify(found)), 'application/json');
  });
}

/** `/@scope%2fname` is how npm asks for a scoped package. */
function pathOf(url = '/'): string {
  try {
    return decodeURIComponent(url.split('?')[0] ?? '');
  } catch {
    return '/';
  }
}

function answer(response: ServerResponse, body: Buffer | undefined, type: string): void {
  response.writeHead(body === undefined ? 404 : 200, {
    'content-type': body === undefined ? 'application/json' : type,
  });
  response.end(body ?? '{"error":"not found"}');
}
