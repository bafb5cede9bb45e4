import { setTimeout as delay } from 'node:timers/promises';
import { type ModernAnswer } from './answer.ts';
import { type Call, takesEvents } from './call.ts';
import { type Answers } from './envelope.ts';
import { type LiveSession, type Reaction } from './live-sessions.ts';
import { type Question, questionsOf, withdrawal } from './questions.ts';

/** What a round of questions brought: what goes back to the server, or why nothing does, for the client. */
export type Asked =
  | { readonly ok: true; readonly answers: Answers; readonly visited: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Questions that may be open in one session. */
const MAX_OPEN = 64;
/** How long a server that asks for nothing but another try is left alone. */
const TRY_AGAIN_MS = 500;

/**
 * Puts the questions of a server to the client on the stream of its request, and waits for all answers. `late` aborts when
 * the client has had its time; the call's own signal rejects.
 */
export async function askClient(
  call: Call,
  { requests, requestState }: Extract<ModernAnswer, { kind: 'asks' }>,
  late: AbortSignal,
  newId: () => string,
): Promise<Asked> {
  const round = questionsOf(requests, call.session, newId);
  if (!round.ok) return round;
  const { questions } = round;
  if (questions.length === 0) {
    await delay(TRY_AGAIN_MS, undefined, { signal: call.signal });
    return { ok: true, answers: { responses: new Map(), requestState }, visited: [] };
  }
  if (!takesEvents(call.passage))
    return { ok: false, why: 'the MCP server has a question, and the client takes no event stream' };
  if (call.live.asked.size + questions.length > MAX_OPEN) return { ok: false, why: 'too many questions are open' };
  const reactions = await putAll(call, questions, late);
  if (reactions === 'late') return { ok: false, why: 'the client did not answer the MCP server in time' };
  const responses = new Map<string, string>();
  for (const [{ key, method }, reaction] of reactions) {
    if ('refusal' in reaction) return { ok: false, why: `the client refused \`${method}\`: ${reaction.refusal}` };
    responses.set(key, reaction.result);
  }
  const visited = questions.map(({ elicitationId }) => elicitationId).filter((id) => id !== undefined);
  return { ok: true, answers: { responses, requestState }, visited };
}

/** Says all questions and hears all answers; the first refusal is enough. What is left open is withdrawn. */
async function putAll(
  { live, outlet, signal }: Call,
  questions: readonly Question[],
  late: AbortSignal,
): Promise<ReadonlyMap<Question, Reaction> | 'late'> {
  const heard = new Map<Question, Reaction>();
  const { promise, resolve, reject } = Promise.withResolvers<'whole' | 'late'>();
  const onLate = (): void => resolve('late');
  const onAbort = (): void => reject(signal.reason);
  late.addEventListener('abort', onLate, { once: true });
  signal.addEventListener('abort', onAbort, { once: true });
  for (const question of questions) {
    live.asked.set(question.id, (reaction) => {
      live.asked.delete(question.id);
      heard.set(question, reaction);
      if ('refusal' in reaction || heard.size === questions.length) resolve('whole');
    });
    outlet.say(question.request);
  }
  if (late.aborted) onLate();
  if (signal.aborted) onAbort();
  try {
    const outcome = await promise;
    return outcome === 'late' ? 'late' : heard;
  } finally {
    late.removeEventListener('abort', onLate);
    signal.removeEventListener('abort', onAbort);
    withdraw(live, questions, (id) => outlet.say(withdrawal(id, 'the MCP server does not wait any more')));
  }
}

function withdraw(live: LiveSession, questions: readonly Question[], tell: (id: string) => void): void {
  for (const { id } of questions) if (live.asked.delete(id)) tell(id);
}
