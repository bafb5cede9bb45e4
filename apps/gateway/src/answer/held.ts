import { AppError } from '@mcp-runtime/api';
import { type AnswerBody, type Delivery } from './delivery.ts';

/** Keeps an answer until it is whole; one for which there is no room is refused. `takesRoom` is asked for each part of it. */
export function heldBody(delivery: Delivery, body: AnswerBody, takesRoom: (bytes: number) => boolean): AnswerBody {
  const held: Buffer[] = [];
  let isRefused = false;
  return {
    onChunk: (chunk) => {
      if (isRefused) return;
      held.push(chunk);
      if (takesRoom(chunk.length)) return;
      isRefused = true;
      held.length = 0;
      void delivery.fail(
        new AppError('upstream_unavailable', 'the MCP server sent an answer that is too long for a batch'),
      );
    },
    onEnd: async () => {
      for (const chunk of held.splice(0)) body.onChunk(chunk);
      return body.onEnd();
    },
  };
}
