import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Claim = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** What is claimed, or the fault that must not be here. */
  says: z.string(),
  shownBy: z
    .array(
      z.strictObject({
        /** From the root of the repository. */
        file: z.string(),
        /** Title of a test in it, or the part of one that does not vary. */
        test: z.string().optional(),
      }),
    )
    .min(1),
  /** What of it is not shown. */
  open: z.string().optional(),
});

export type Claim = z.infer<typeof Claim>;

export const CLAIM_LISTS = ['gateway', 'kubernetes', 'known-faults'] as const;

export function loadClaims(list: (typeof CLAIM_LISTS)[number]): readonly Claim[] {
  return z.array(Claim).parse(JSON.parse(readFileSync(join(import.meta.dirname, `${list}.json`), 'utf8')));
}
