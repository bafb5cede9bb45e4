// The load: a closed loop on each connection, every answer checked.
import { createHistogram } from 'node:perf_hooks';
import { answerQuestions } from '../lab/answering.ts';
import { Load, type Loaded } from '../lab/protocol.ts';
import { callsOf } from './calls.ts';
import { connectTo } from './connection.ts';

answerQuestions('', { run: (given) => run(Load.parse(given)) });

async function run(load: Load): Promise<Loaded> {
  const calls = callsOf(load);
  const times = createHistogram({ figures: 3 });
  const { hostname, port } = new URL(load.url);
  const connections = await Promise.all(
    Array.from({ length: load.connections }, () => connectTo(hostname, Number(port))),
  );
  let wrong = 0;
  const began = performance.now();
  const endsAt = began + load.seconds * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      for (let now = began; now < endsAt;) {
        const call = calls.next();
        const sentAt = performance.now();
        const answer = await connection.ask(call.request);
        now = performance.now();
        times.record(Math.max(1, Math.round((now - sentAt) * 1000)));
        if (!call.isAnsweredBy(answer)) wrong += 1;
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  for (const connection of connections) connection.close();
  const p = (percent: number): number => times.percentile(percent) / 1000;
  return { calls: times.count, wrong, seconds, p50: p(50), p99: p(99) };
}
