import { z } from 'zod';

/** Names of the fields that a schema knows at a path; none where it takes any name or no object at all. */
export function fieldNamesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const found = path.reduce<z.core.$ZodType | undefined>((at, part) => at && step(at, part), schema);
  const target = found && unwrap(found);
  return target instanceof z.ZodObject ? Object.keys(target.shape) : [];
}

function step(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  const target = unwrap(schema);
  if (target instanceof z.ZodArray) return target.element;
  if (target instanceof z.ZodRecord) return target.valueType;
  if (!(target instanceof z.ZodObject) || typeof part !== 'string') return undefined;
  const shape: Readonly<Record<string, z.core.$ZodType>> = target.shape;
  return Object.hasOwn(shape, part) ? shape[part] : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable
      ? schema.unwrap()
      : undefined;
  return wrapped === undefined ? schema : unwrap(wrapped);
}
