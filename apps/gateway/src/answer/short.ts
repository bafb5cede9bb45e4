import { AppError } from '@mcp-runtime/api';
import { type AnswerBody, type Delivery } from './delivery.ts';
import { plainBody } from './plain.ts';

/**
 * Looks at an answer of at most `maxBytes`; a longer one streams as it comes. `look` gives the text to show, or the error to
 * answer in its place.
 */
export function shortBody(delivery: Delivery, maxBytes: number, look: (text: string) => string | AppError): AnswerBody {
  const plain = plainBody(delivery);
  const held: Buffer[] = [];
  let length = 0;
  return {
    onChunk: (chunk) => {
      length += chunk.length;
      held.push(chunk);
      if (length > maxBytes) for (const part of held.splice(0)) plain.onChunk(part);
    },
    onEnd: async () => {
      const text = Buffer.concat(held).toString('utf8');
      const shown = length > maxBytes ? text : look(text);
      if (shown instanceof AppError) return delivery.fail(shown);
      for (const part of shown === text ? held : [Buffer.from(shown)]) plain.onChunk(part);
      return plain.onEnd();
    },
  };
}
