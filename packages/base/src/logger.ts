import { pino } from 'pino';
import { type Logger, type LogLevel } from './log.ts';

interface LoggerOptions {
  readonly level: LogLevel;
  /** Receives one JSON line at a time, newline included. Standard error unless given. */
  readonly write?: (line: string) => void;
}

export function createLogger({ level, write }: LoggerOptions): Logger {
  const sink = { write: write ?? ((line: string) => void process.stderr.write(line)) };
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink));
}

interface Lines {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Lines;
}

function wrap(lines: Lines): Logger {
  return {
    debug: (message, fields = {}) => lines.debug(fields, message),
    info: (message, fields = {}) => lines.info(fields, message),
    warn: (message, fields = {}) => lines.warn(fields, message),
    error: (message, fields = {}) => lines.error(fields, message),
    with: (fields) => wrap(lines.child(fields)),
  };
}
