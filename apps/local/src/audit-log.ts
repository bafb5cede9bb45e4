import { type AuditEvent } from '@mcp-runtime/api';
import { type Clock, type Logger, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import {
  type Spool,
  openEventStore,
  openSpool,
  readSpool,
  redact,
  startShipper,
  verifyChain,
} from '@mcp-runtime/events';
import { type AuditBacklog, type AuditSink } from '@mcp-runtime/gateway';
import { type Events } from '@mcp-runtime/platform-api';
import { type DataDir } from './data-dir.ts';

/** Name of the only writer of this form. */
const WRITER = 'local';

export interface AuditLog extends Running {
  readonly sink: AuditSink;
  readonly events: Events;
}

/** Spool, store and the way between them. What an earlier run did not store is stored now. */
export async function openAuditLog(dataDir: DataDir, clock: Clock, log: Logger): Promise<AuditLog> {
  const opened = new OpenedSoFar();
  const listeners = new Set<(event: AuditEvent) => void>();
  try {
    const store = await openEventStore({ path: dataDir.events });
    opened.add(() => store.close());
    const shipper = startShipper({ dir: dataDir.spool, store, log });
    opened.add(async () => {
      await shipper.drained().catch(() => {});
      await shipper.close();
    });
    const spool: Spool = await openSpool({
      dir: dataDir.spool,
      writer: WRITER,
      clock,
      log,
      onDurable: () => shipper.wake(),
    });
    opened.add(() => spool.close());
    const events: Events = {
      store,
      drained: () => shipper.drained(),
      verify: async () => {
        await shipper.drained();
        return verifyChain(readSpool(dataDir.spool), { after: await store.verify() });
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    const append = async (event: AuditEvent): Promise<void> => {
      await spool.append(event);
      for (const listener of listeners) listener(event);
    };
    const backlog = (): AuditBacklog => spool.backlog(shipper.stored(WRITER));
    const sink: AuditSink = { append, state: () => spool.state(), backlog, redact };
    return { sink, events, ...closeOnce(() => opened.releaseAll()) };
  } catch (error) {
    await opened.releaseAll();
    throw error;
  }
}
