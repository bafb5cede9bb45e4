import { type IncomingMessage } from 'node:http';
import { AppError } from '@mcp-runtime/api';
import { unreachable } from './transport.ts';

/** The answer as text. @throws AppError `request_too_large` past `maxBytes`, `service_unavailable` */
export async function readBody(answer: IncomingMessage, maxBytes: number, server: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > maxBytes) throw new AppError('request_too_large', `the answer is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreachable(server, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}
