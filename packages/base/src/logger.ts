import { pino } from 'pino';
import { type Clock, systemClock } from './clock.ts';
import { type FloodGate, type FloodRate, createFloodGate } from './flood-gate.ts';
import { LOG_LEVELS, type LogFields, type LogLevel, type Logger } from './log.ts';

interface LoggerOptions {
  readonly level: LogLevel;
  /** Receives one JSON line at a time, newline included. Standard error unless given. */
  readonly write?: (line: string) => void;
  readonly rate?: FloodRate;
  readonly clock?: Clock;
}

export interface LeveledLogger extends Logger {
  /** From the next line on, for every logger made from this one. */
  setLevel(level: LogLevel): void;
}

/** What causes lines can be anybody's to repeat: more than this is counted, and the numbers are told. */
const RATE: FloodRate = { burst: 200, perSecond: 10 };
const TELL_HELD_MS = 10_000;

type Level = Exclude<LogLevel, 'silent'>;

export function createLogger({ level, write, rate = RATE, clock = systemClock }: LoggerOptions): LeveledLogger {
  const sink = { write: write ?? ((line: string) => void process.stderr.write(line)) };
  const lines = pino({ level: 'debug', base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  const gate = createFloodGate<string>(rate, clock);
  const threshold = { rank: LOG_LEVELS.indexOf(level) };
  const tellHeld = holdBackTeller(gate, (held) => lines.warn({ held }, 'log lines were held back'));
  const isWanted = (one: Level, message: string): boolean => {
    if (LOG_LEVELS.indexOf(one) < threshold.rank) return false;
    if (gate.pass(message)) return true;
    tellHeld();
    return false;
  };
  return {
    ...wrap(lines, isWanted),
    setLevel: (next) => {
      threshold.rank = LOG_LEVELS.indexOf(next);
    },
  };
}

/** Messages are constant texts, so there are as many keys as there are places that log. */
function holdBackTeller(gate: FloodGate<string>, tell: (held: LogFields) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      tell(Object.fromEntries(gate.takeHeld()));
    }, TELL_HELD_MS).unref();
  };
}

interface Lines {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Lines;
}

function wrap(lines: Lines, isWanted: (level: Level, message: string) => boolean): Logger {
  const at =
    (level: Level) =>
    (message: string, fields: LogFields = {}): void => {
      if (isWanted(level, message)) lines[level](fields, message);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(lines.child(fields), isWanted),
  };
}
