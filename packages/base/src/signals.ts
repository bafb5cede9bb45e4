/** One signal that aborts when any of the given ones does, or after `ms` (when given). */
export function signalAfter(ms: number | undefined, ...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const given = signals.filter((signal) => signal !== undefined);
  return AbortSignal.any(ms === undefined ? given : [...given, AbortSignal.timeout(ms)]);
}
