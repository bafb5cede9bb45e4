// The load: a loop on each connection, or calls at a rate; every answer checked.
import { type RecordableHistogram, createHistogram } from 'node:perf_hooks';
import { answerQuestions } from '../lab/answering.ts';
import { Load, type Loaded } from '../lab/protocol.ts';
import { type Call, callsOf } from './calls.ts';
import { type Connection, connectTo } from './connection.ts';
import { closeSession, openSession } from './session.ts';

answerQuestions('', { run: (given) => run(Load.parse(given)) });

interface Tally {
  readonly times: RecordableHistogram;
  wrong: number;
}

async function run(load: Load): Promise<Loaded> {
  const { hostname, port } = new URL(load.url);
  const connections = await Promise.all(
    Array.from({ length: load.connections }, () => connectTo(hostname, Number(port))),
  );
  const [first] = connections;
  if (first === undefined) throw new RangeError('no load without a connection');
  const session = load.inSession ? await openSession(first, load) : '';
  const calls = callsOf(load, session);
  const tally: Tally = { times: createHistogram({ figures: 3 }), wrong: 0 };
  const began = performance.now();
  if (load.rate === undefined) await closedLoop(connections, calls, began + load.seconds * 1000, tally);
  else await openLoop(connections, calls, { rate: load.rate, seconds: load.seconds }, tally);
  const seconds = (performance.now() - began) / 1000;
  if (load.inSession) await closeSession(first, load, session);
  for (const connection of connections) connection.close();
  const { times, wrong } = tally;
  const p = (percent: number): number => times.percentile(percent) / 1000;
  return { calls: times.count, wrong, seconds, p50: p(50), p95: p(95), p99: p(99), p999: p(99.9) };
}

async function closedLoop(
  connections: readonly Connection[],
  calls: { next(): Call },
  endsAt: number,
  tally: Tally,
): Promise<void> {
  await Promise.all(
    connections.map(async (connection) => {
      do {
        await ask(connection, calls.next(), performance.now(), tally);
      } while (performance.now() < endsAt);
    }),
  );
}

/**
 * Calls fall due on the millisecond. The time of one counts from when it was due, so that a proxy which falls behind pays
 * for the calls that it kept waiting.
 */
async function openLoop(
  connections: readonly Connection[],
  calls: { next(): Call },
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
  tally: Tally,
): Promise<void> {
  const free = [...connections];
  const due: number[] = [];
  const running = new Set<Promise<void>>();
  const serve = (): void => {
    while (due.length > 0 && free.length > 0) {
      const connection = free.pop();
      const at = due.shift();
      if (connection === undefined || at === undefined) return;
      const one = ask(connection, calls.next(), at, tally).then(() => {
        free.push(connection);
        running.delete(one);
        serve();
      });
      running.add(one);
    }
  };
  const began = Math.ceil(performance.now());
  const total = Math.round(rate * seconds);
  for (let sent = 0; sent < total;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = performance.now();
    for (let at = began + Math.ceil((sent * 1000) / rate); sent < total && at <= now;) {
      due.push(at);
      sent += 1;
      at = began + Math.ceil((sent * 1000) / rate);
    }
    serve();
  }
  while (running.size > 0) await Promise.all(running);
}

async function ask(connection: Connection, call: Call, since: number, tally: Tally): Promise<void> {
  const { body } = await connection.ask(call.request);
  tally.times.record(Math.max(1, Math.round((performance.now() - since) * 1000)));
  if (!call.isAnsweredBy(body)) tally.wrong += 1;
}
