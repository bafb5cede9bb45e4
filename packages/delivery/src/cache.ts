import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type Logger, readIfPresent, writeFileAtomically } from '@mcp-runtime/base';
import { CONFIG_MAPS } from '@mcp-runtime/kube';
import { z } from 'zod';
import { type Delivery, decodeDelivery } from './decode.ts';
import { packDefinitions } from './definitions.ts';
import { encodeDelivery } from './encode.ts';
import { type TrackPods } from './tracks.ts';

/** What was in force, kept in a folder for a gateway that starts while the API is away. */
export interface DeliveryCache {
  /** Everything that is whole and of one revision; what is not is left out and logged. */
  load(): Promise<CachedState>;
  /** Written soon; the newest counts. */
  keep(delivery: Delivery, tracks: readonly TrackPods[]): void;
  forget(server: ObjectKey): void;
  /** When it was last known that nothing had been missed: a restart does not begin that time anew. */
  confirm(at: number): void;
  /** Resolves when all of it is written. */
  settled(): Promise<void>;
}

export interface CachedState {
  readonly deliveries: readonly { readonly delivery: Delivery; readonly tracks: readonly TrackPods[] }[];
  /** Milliseconds since the epoch. */
  readonly confirmedAt: number | undefined;
}

const Url = z.url().transform((text) => new URL(text));
const Entry = z.object({
  server: z.object({ namespace: z.string(), name: z.string() }),
  configMaps: z.array(z.unknown()),
  tracks: z.array(
    z.object({
      track: z.enum(['stable', 'canary']),
      weight: z.number(),
      ready: z.array(Url),
      leaving: z.array(Url),
    }),
  ),
});
const Confirmed = z.object({ confirmedAt: z.number() });

const CONFIRMED = 'confirmed.json';
const PREFIX = 'server.';
const PRIVATE = 0o600;
const SETTLE_MS = 50;

export async function openDeliveryCache(dir: string, log: Logger): Promise<DeliveryCache> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  /** What a file is to hold; undefined is no file. Made when it is written: of changes in quick succession only the last counts. */
  const waiting = new Map<string, (() => string) | undefined>();
  let writing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const [file, textOf] = next;
      waiting.delete(file);
      const done = textOf === undefined ? rm(join(dir, file), { force: true }) : write(file, textOf());
      await done.catch((error: unknown) =>
        log.warn('the policy cache cannot be written', { file, error: String(error) }),
      );
    }
    writing = undefined;
  }

  const write = (file: string, text: string): Promise<void> => writeFileAtomically(join(dir, file), text, PRIVATE);

  function put(file: string, textOf: (() => string) | undefined): void {
    waiting.set(file, textOf);
    writing ??= delay(SETTLE_MS, undefined, { ref: false }).then(drain);
  }

  async function read(file: string): Promise<CachedState['deliveries'][number] | undefined> {
    try {
      const { server, configMaps, tracks } = Entry.parse(JSON.parse((await readIfPresent(join(dir, file))) ?? ''));
      const decoded = decodeDelivery(
        server,
        configMaps.map((one) => CONFIG_MAPS.parse(one)),
      );
      if (!decoded.ok) throw new Error(decoded.fault.message);
      const { ok: _, ...delivery } = decoded;
      return { delivery, tracks };
    } catch (error) {
      log.warn('a file of the policy cache is left out', { file, error: String(error) });
      return undefined;
    }
  }

  return {
    load: async () => {
      const files = (await readdir(dir)).filter((file) => file.startsWith(PREFIX) && file.endsWith('.json')).toSorted();
      const deliveries: CachedState['deliveries'][number][] = [];
      for (const file of files) {
        const entry = await read(file);
        if (entry !== undefined) deliveries.push(entry);
      }
      const text = await readIfPresent(join(dir, CONFIRMED));
      return { deliveries, confirmedAt: Confirmed.safeParse(jsonOf(text)).data?.confirmedAt };
    },
    keep: (delivery, tracks) => {
      const { route, document, definitions, publishedAt = 0 } = delivery;
      put(fileOf(route.server), () => {
        const packed = definitions && packDefinitions(definitions);
        const configMaps = encodeDelivery({
          document,
          route,
          placement: 'shared',
          publishedAt,
          ...(packed === undefined ? {} : { definitions: packed }),
        });
        return JSON.stringify({ server: route.server, configMaps, tracks });
      });
    },
    forget: (server) => put(fileOf(server), undefined),
    confirm: (at) => put(CONFIRMED, () => JSON.stringify({ confirmedAt: at })),
    settled: async () => await writing,
  };
}

/** Neither a namespace nor the name of an object holds a slash; a namespace holds no dot. */
function fileOf(server: ObjectKey): string {
  return `${PREFIX}${keyText(server).replace('/', '.')}.json`;
}

function jsonOf(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
