import { AppError, NamespaceName, ObjectName, type ObjectKey } from '@mcp-runtime/api';
import { schemaFaults } from '@mcp-runtime/control-plane';
import { type Context } from 'hono';
import { z } from 'zod';

/** Body of a request, by its schema. @throws AppError `invalid_request` that names every field at fault. */
export async function bodyOf<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\b/i.test(type)) {
    throw new AppError('unsupported_media_type', 'the body must be `application/json`');
  }
  const value: unknown = await context.req.json().catch((cause: unknown) => {
    throw new AppError('invalid_request', 'the body is not JSON', { cause });
  });
  return checked(schema, value, 'the body is not valid');
}

/** Query of a request, by its schema. */
export function queryOf<T>(context: Context, schema: z.ZodType<T>): T {
  return checked(schema, context.req.query(), 'the query is not valid');
}

const Key = z.object({ namespace: NamespaceName, name: ObjectName });

export function keyOfPath(context: Context): ObjectKey {
  return checked(Key, context.req.param(), 'there can be no such object');
}

export const DryRunQuery = z.object({ dry_run: z.enum(['true', 'false']).default('false') });

/** `{ dryRun: 'dry-run' }` or nothing, as the stores take it. */
export function dryRunOf(isDryRun: boolean): { readonly dryRun?: 'dry-run' } {
  return isDryRun ? { dryRun: 'dry-run' } : {};
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = schemaFaults(parsed.error, value, schema);
  throw new AppError('invalid_request', `${what}: ${faults.join('; ')}`);
}
