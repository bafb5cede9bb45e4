import { monitorEventLoopDelay } from 'node:perf_hooks';
import { z } from 'zod';
import { type Usage } from './protocol.ts';

const Question = z.object({ ask: z.string(), with: z.unknown().optional() });

type Answers = Readonly<Record<string, (given: unknown) => object | Promise<object>>>;

/** What the benchmark gave this program. */
export function givenArgument(): unknown {
  return JSON.parse(process.argv[2] ?? 'null');
}

/** Tells the benchmark that this program serves, and answers its questions until it is gone. */
export function answerQuestions(url: string, answers: Answers): void {
  process.on('message', (message) => void answer(Question.parse(message), answers));
  process.on('disconnect', () => process.exit());
  process.send?.({ url });
}

async function answer(question: z.infer<typeof Question>, answers: Answers): Promise<void> {
  const found = answers[question.ask];
  if (found === undefined) throw new TypeError(`no answer to ${question.ask}`);
  process.send?.(await found(question.with));
}

const TICK_MS = 10;

/** Starts to watch the event loop of this program; the function that it returns says what was used so far. */
export function watchUsage(): () => Usage {
  const late = monitorEventLoopDelay({ resolution: TICK_MS });
  late.enable();
  const lateness = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - TICK_MS);
  return () => {
    const { user, system } = process.cpuUsage();
    const used = { cpuMicros: user + system, rssBytes: process.memoryUsage.rss() };
    const delays = { lateP99: lateness(late.percentile(99)), lateMax: lateness(late.max) };
    late.reset();
    return { ...used, ...delays };
  };
}
