import { type MCPServerSpec } from '@mcp-runtime/api';
import { type EnvVar, literal } from './container.ts';

/** Declared variables as a container has them; of two with one name the secret one counts, then the last one. */
export function declaredEnv({ envVars = [], secretEnvVars = [] }: MCPServerSpec, prefix = ''): readonly EnvVar[] {
  const variables = new Map<string, EnvVar>();
  for (const { name, value } of envVars) variables.set(name, { name: prefix + name, value: literal(value) });
  for (const { name, secretKeyRef } of secretEnvVars) {
    variables.set(name, { name: prefix + name, valueFrom: { secretKeyRef } });
  }
  return [...variables.values()];
}

/** `variables`, but for those that are declared already. */
export function beside(declared: readonly EnvVar[], variables: Readonly<Record<string, string>>): readonly EnvVar[] {
  const names = new Set(declared.map(({ name }) => name));
  return Object.entries(variables)
    .filter(([name]) => !names.has(name))
    .map(([name, value]) => ({ name, value: literal(value) }));
}
