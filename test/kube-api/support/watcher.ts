// Watches the config maps of one namespace, and prints what that took.
import { CONFIG_MAPS, watchState } from '../../../packages/kube/src/index.ts';
import { findClusterAccess, openKubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';

const loadedMs = Math.round(performance.now());
await using client = openKubernetesClient({ access: await findClusterAccess({ env: process.env }) });
const stop = new AbortController();
const namespace = process.argv[2] ?? 'default';
const view = watchState(client, CONFIG_MAPS, { namespace, signal: stop.signal, onChange: () => {} });
await view.synced;
const syncedMs = Math.round(performance.now());
globalThis.gc?.();
const rssMib = Math.round(process.memoryUsage().rss / 2 ** 20);
process.stdout.write(JSON.stringify({ loadedMs, syncedMs, rssMib, objects: view.all().length }));
stop.abort();
