import { isRecord } from '@mcp-runtime/base';
import { memberText } from '@mcp-runtime/mcp';
import { type Reaction } from './live-sessions.ts';
import { type Served, refuseRequest } from './served.ts';

/** Takes an answer to a question: from the session that was asked, once, while the question is open. */
export function takeReaction({ passage, outlet, live }: Served, id: string | number): void {
  const take = typeof id === 'string' ? live.asked.get(id) : undefined;
  if (take === undefined) {
    refuseRequest(outlet, 400, 'no question of that id is open here');
    return;
  }
  take(reactionIn(passage.exchange.body.toString('utf8')));
  outlet.reply(202, '');
}

const MAX_REASON_LENGTH = 500;

function reactionIn(text: string): Reaction {
  const result = memberText(text, 'result');
  if (result?.startsWith('{') === true) return { result };
  if (result !== undefined) return { refusal: 'the result is no object' };
  const error: unknown = JSON.parse(memberText(text, 'error') ?? 'null');
  const message = isRecord(error) && typeof error['message'] === 'string' ? error['message'] : 'no reason given';
  return { refusal: message.slice(0, MAX_REASON_LENGTH) };
}
