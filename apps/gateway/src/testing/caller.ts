import { z } from 'zod';
import { type Bench } from './bench.ts';

/** Headers of a caller with a token of the bench; claims change what the token says. */
export async function bearer(
  bench: Bench,
  claims?: Readonly<Record<string, string>>,
): Promise<{ readonly authorization: string }> {
  return { authorization: `Bearer ${await bench.token(claims)}` };
}

const Refusal = z.object({
  id: z.unknown(),
  error: z.object({ code: z.number(), data: z.object({ reason: z.string(), requestId: z.string() }) }),
});

/** What a caller reads in an answer of the gateway itself. */
export async function errorOf(
  response: Response,
): Promise<{ readonly code: number; readonly reason: string; readonly id: unknown; readonly requestId: string }> {
  const { id, error } = Refusal.parse(await response.json());
  return { code: error.code, reason: error.data.reason, id, requestId: error.data.requestId };
}
