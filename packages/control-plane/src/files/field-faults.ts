import { type z } from 'zod';
import { fieldText, issueText, unknownFieldText } from './issue-text.ts';
import { fieldNamesAt } from './schema-walk.ts';
import { type FieldPath } from './yaml-documents.ts';

export interface FieldFault {
  readonly path: FieldPath;
  /** Whether the name of the field is at fault, or its value. */
  readonly about: 'key' | 'value';
  readonly text: string;
}

/** What a schema refused of `root`, a line for each fault: field, what was found, what is allowed. */
export function schemaFaults(error: z.ZodError, root: unknown, schema: z.ZodType): readonly string[] {
  return error.issues
    .flatMap((issue) => faultsOf(issue, root, schema))
    .map(({ path, text }) => (path.length === 0 ? text : `${fieldText(path)}: ${text}`));
}

export function faultsOf(issue: z.core.$ZodIssue, root: unknown, schema: z.ZodType): readonly FieldFault[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = fieldNamesAt(schema, path);
    return issue.keys.map((key) => ({ path: [...path, key], about: 'key', text: unknownFieldText(key, known) }));
  }
  const found = path.reduce<unknown>(fieldOf, root);
  return [{ path, about: found === undefined ? 'key' : 'value', text: issueText(issue, found) }];
}

export function fieldOf(value: unknown, field: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined;
  return Reflect.get(value, field);
}
