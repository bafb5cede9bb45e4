import { AppError } from '@mcp-runtime/api';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `8h`, `1h30m`, `7d`; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS_MS[unit ?? ''] ?? 0), 0);
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;

/** RFC 3339 instant of `text`: an instant as it is, or a duration before `now`. @throws AppError `usage`. */
export function instantBefore(flag: string, text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined;
  if (INSTANT.test(text) && !Number.isNaN(Date.parse(text))) return text;
  const ago = parseDuration(text);
  if (ago !== undefined) return toInstant(now - ago);
  throw new AppError(
    'usage',
    `flag --${flag}: found \`${text}\`, allowed: an RFC 3339 instant, or a duration like 15m`,
  );
}

/** RFC 3339 in UTC, to the second. */
export function toInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
