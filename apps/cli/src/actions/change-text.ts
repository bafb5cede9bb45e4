import { type ChangeResult } from '@mcp-runtime/api';
import { type z } from 'zod';
import { type Printed } from '../frame/command.ts';

interface Words {
  /** `server files`, with its namespace. */
  readonly object: string;
  /** What was done to it, such as `deleted`. */
  readonly done: string;
  /** Said when there was nothing to do. */
  readonly already: string;
  readonly dryRun: boolean;
}

/** The result of a change that is fine to make twice. */
export function printChange(result: z.infer<typeof ChangeResult>, words: Words): Printed {
  const { object, done, already, dryRun } = words;
  const happened = dryRun ? `${object} would be ${done}` : `${object} ${done}`;
  return { data: dryRun ? { ...result, dryRun } : result, table: result.changed ? happened : `${object} ${already}` };
}
