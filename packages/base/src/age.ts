const SECOND = 1000;
const UNITS = [
  { name: 'd', ms: 86_400 * SECOND },
  { name: 'h', ms: 3600 * SECOND },
  { name: 'm', ms: 60 * SECOND },
] as const;

/** How long ago, in the largest unit of which there are two: `5m`. Empty when there is no instant, `0s` when it lies ahead. */
export function ageText(instant: string | null | undefined, now: number): string {
  const at = Date.parse(instant ?? '');
  if (Number.isNaN(at)) return '';
  const age = Math.max(0, now - at);
  const { name, ms } = UNITS.find((unit) => age >= unit.ms * 2) ?? { name: 's', ms: SECOND };
  return `${Math.floor(age / ms)}${name}`;
}
