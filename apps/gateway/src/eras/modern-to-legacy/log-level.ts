/** RFC 5424 severities from the lowest, as MCP names them. */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

/** Whether a message of a level is for somebody who asked for that level and above. What is no level is for nobody. */
export function isAtLeast(level: unknown, wanted: string): boolean {
  const at = rankOf(level);
  return at !== -1 && rankOf(wanted) !== -1 && at >= rankOf(wanted);
}

export function isLogLevel(level: string): boolean {
  return rankOf(level) !== -1;
}

function rankOf(level: unknown): number {
  return LEVELS.findIndex((one) => one === level);
}
