const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * Milliseconds since the epoch of an RFC 3339 instant (fractions down to a microsecond are kept), or undefined
 * when it is not one. Takes what the first gateway took: upper-case `T` and `Z`, a one-digit hour, `,` before the
 * fraction, offsets up to 24:00. Second 60, hour 24 and impossible dates are refused.
 */
export function parseInstant(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = offsetMinutes(match[8], match[9], match[10]);
  if (offset === undefined) return undefined;
  // Cut off at a microsecond, the finest that a double holds here: rounded up, an instant would end too late.
  const fractionMs = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0')) / 1000;
  return utc(year, month, day, hour, minute, second) - offset * 60_000 + fractionMs;
}

function offsetMinutes(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | undefined {
  if (sign === undefined) return 0;
  const h = Number(hours);
  const m = Number(minutes);
  if (h > 24 || m > 59 || (h === 24 && m > 0)) return undefined;
  return (sign === '-' ? -1 : 1) * (h * 60 + m);
}

function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  // Date.UTC reads years below 100 as 1900 + year.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
}

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

/** When something ends: never, at an instant, or already (a text that is no instant). */
export type End = 'never' | 'unreadable' | number;

export function endOf(text: string | undefined): End {
  if (text === undefined || text.trim() === '') return 'never';
  return parseInstant(text) ?? 'unreadable';
}

/** Ended only if `now` is strictly later than the end. */
export function hasEnded(end: End, now: number): boolean {
  if (end === 'never') return false;
  return end === 'unreadable' || now > end;
}
