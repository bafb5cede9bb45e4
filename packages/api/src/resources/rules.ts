import { type z } from 'zod';

/**
 * A check over several fields. `cel` is what Kubernetes evaluates (`self` is the object that carries the
 * rule), `holds` is the same in TypeScript; a test holds the two together.
 */
export interface CrossFieldRule<T> {
  /** Stable id, also the name of the test row. */
  readonly id: string;
  /** Field that the message is about, relative to the object that carries the rule. */
  readonly path: readonly string[];
  readonly cel: string;
  readonly message: string;
  readonly holds: (value: T) => boolean;
}

/** Adds the rules to a schema: every rule that does not hold is one issue at the rule's path. */
export function checkRules<T>(rules: readonly CrossFieldRule<T>[]) {
  return (value: T, context: z.core.$RefinementCtx<T>): void => {
    for (const rule of rules) {
      if (rule.holds(value)) continue;
      context.addIssue({ code: 'custom', message: rule.message, path: [...rule.path], input: value });
    }
  };
}

export function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}

export function hasRepeats(names: readonly string[]): boolean {
  return new Set(names).size !== names.length;
}
