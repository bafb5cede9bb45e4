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

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, rssBytes: process.memoryUsage.rss() };
}
