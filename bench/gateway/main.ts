// A gateway with one route and one policy; its records go nowhere, to a spool, or from there to a store as well.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditEvent, SessionTokenKeys } from '@mcp-runtime/api';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { openEventStore, openSpool, readSpool, redact, startShipper, verifyChain } from '@mcp-runtime/events';
import { type AuditSink, DEFAULT_LIMITS, holdPolicy, holdTokenKeys, startGateway } from '@mcp-runtime/gateway';
import { compilePolicy } from '@mcp-runtime/policy';
import { z } from 'zod';
import { answerQuestions, givenArgument, watchUsage } from '../lab/answering.ts';
import { GatewaySetup } from '../lab/protocol.ts';
import { PATH, SERVER, largePolicy, openPolicy, smallPolicy, withdrawn } from '../lab/subject.ts';

interface Audit {
  readonly sink: AuditSink;
  /** Resolves when nothing is left to do for the calls so far, so that no load pays for the one before. */
  settled(): Promise<void>;
  records(): Promise<{ readonly records: number; readonly holds: boolean }>;
}

const POLICIES = { open: openPolicy, small: smallPolicy, large: largePolicy };

const Change = z.object({ times: z.number() });

const setup = GatewaySetup.parse(givenArgument());
const audit = await auditOf(setup);
const gateway = await startGateway({
  listen: { host: '127.0.0.1', port: 0 },
  trustHeadersFrom: [],
  allowedHosts: [],
  allowedOrigins: [],
  tokenKeys: holdTokenKeys(SessionTokenKeys.parse({ keys: [setup.publicKey] })),
  audit: audit.sink,
  limits: DEFAULT_LIMITS,
  clock: systemClock,
  log: silentLogger,
});
const policy = holdPolicy();
const first = compilePolicy(POLICIES[setup.policy]());
policy.publish(first);
gateway.routes.set({
  path: PATH,
  key: SERVER,
  upstream: new URL('/mcp', setup.upstream),
  policy,
  audit: { arguments: 'none', strict: false },
  eventSource: 'files-gateway',
});
const usage = watchUsage();
const other = [compilePolicy(withdrawn(POLICIES[setup.policy]())), first];
answerQuestions(gateway.url, {
  usage: async () => {
    await audit.settled();
    return usage();
  },
  records: () => audit.records(),
  descriptors: () => ({ descriptors: readdirSync('/proc/self/fd').length }),
  change: (given) => change(Change.parse(given).times),
});

/** Shows other tools to everybody, so many times in a row. */
async function change(times: number): Promise<object> {
  for (let time = 0; time < times; time++) {
    policy.publish(other[time % 2] ?? first);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {};
}

async function auditOf({ audit: kind, spool: dir }: GatewaySetup): Promise<Audit> {
  if (kind === 'off') return noAudit();
  const store = kind === 'store' ? await openEventStore({ path: join(dir, 'events.sqlite') }) : undefined;
  const shipper = store && startShipper({ dir, store, log: silentLogger });
  const onDurable = (): void => shipper?.wake();
  const spool = await openSpool({ dir, writer: 'bench', clock: systemClock, log: silentLogger, onDurable });
  return {
    sink: { append: (event: AuditEvent) => spool.append(event), state: () => spool.state(), redact },
    settled: async () => shipper?.drained(),
    records: async () => {
      await shipper?.drained();
      const verified = store === undefined ? undefined : await store.verify();
      const { ok, records } = await verifyChain(readSpool(dir), verified === undefined ? {} : { after: verified });
      return { records, holds: ok };
    },
  };
}

function noAudit(): Audit {
  let records = 0;
  const append = async (): Promise<void> => void (records += 1);
  return {
    sink: { append, state: () => 'writable', redact },
    settled: async () => {},
    records: async () => ({ records, holds: true }),
  };
}
