import { z } from 'zod';

/** The part of JSON Schema that the schemas of this repository use. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

const JSON_SAFE = Number.MAX_SAFE_INTEGER;

/** What a file or a request may hold: fields with a default are optional. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const text = JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), dropNoise);
  const made: JsonSchema = JSON.parse(text);
  return made;
}

/** Bounds that only say "a safe integer", and patterns beside the format they spell out. */
function dropNoise(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name, field]) =>
        !(name === 'minimum' && field === -JSON_SAFE) &&
        !(name === 'maximum' && field === JSON_SAFE) &&
        !(name === 'pattern' && Reflect.get(value, 'format') === 'date-time'),
    ),
  );
}
