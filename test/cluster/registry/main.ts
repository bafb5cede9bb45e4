// The package registry of the test node: main.ts HOST PORT. A node has no way out, so pods that install packages ask this one.
import { packageStore } from './packages.ts';
import { registryServer } from './server.ts';
import { wheelStore } from './wheels.ts';

const [host = '127.0.0.1', port = '4873'] = process.argv.slice(2);
const root = new URL('../../..', import.meta.url).pathname;
registryServer(packageStore(root), wheelStore(`${root}build/images/wheels`)).listen(Number(port), host, () => {
  process.stdout.write(`packages of ${root} at http://${host}:${port}\n`);
});
