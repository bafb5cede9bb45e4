import { isRecord } from '@mcp-runtime/base';

/** Whether what is wanted is there, whatever else is; lists must be equally long. */
export function contains(live: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) && live.length === wanted.length && wanted.every((item, index) => contains(live[index], item))
    );
  }
  if (!isRecord(wanted)) return live === wanted;
  return isRecord(live) && Object.entries(wanted).every(([name, value]) => contains(live[name], value));
}
