import { randomBytes } from 'node:crypto';
import { createRequestStateCodec } from '@modelcontextprotocol/server';

/** Signs what the server gives a client to hold between two rounds of one request. */
export const STATE_CODEC = createRequestStateCodec<{ readonly round: number }>({ key: randomBytes(32) });
