import { AppError } from '@mcp-runtime/api';
import { isLostSession } from '@mcp-runtime/mcp';
import { type AnswerBody, type Delivery } from './delivery.ts';
import { plainBody } from './plain.ts';

/** Longer answers are not looked into: what says that a session is gone is short. */
const MAX_LOOKED_INTO = 4096;

/** An answer 400 to a request of a session: 404 when the server has lost the session, so that the client initialises again. */
export function refusedSessionBody(delivery: Delivery): AnswerBody {
  const plain = plainBody(delivery);
  const held: Buffer[] = [];
  let length = 0;
  return {
    onChunk: (chunk) => {
      length += chunk.length;
      held.push(chunk);
      if (length > MAX_LOOKED_INTO) for (const part of held.splice(0)) plain.onChunk(part);
    },
    onEnd: async () => {
      if (length <= MAX_LOOKED_INTO && isLostSession(Buffer.concat(held).toString('utf8'))) {
        return delivery.fail(new AppError('not_found', 'session not found'));
      }
      for (const part of held) plain.onChunk(part);
      return plain.onEnd();
    },
  };
}
