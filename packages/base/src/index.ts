// time
export { type Clock, systemClock } from './clock.ts';
export { ageText } from './age.ts';
export { type FloodGate, type FloodRate, createFloodGate } from './flood-gate.ts';
export { type BackoffPolicy, type RetryPolicy, backoffMs, retry } from './backoff.ts';
export { signalAfter } from './signals.ts';

// starting and closing
export { OpenedSoFar, type Running, closeOnce } from './lifecycle.ts';

// configuration, secrets and files
export { ConfigError, type ConfigProblem, type ConfigSource, loadConfig } from './config.ts';
export { Secret } from './secret.ts';
export { readSecretFile } from './secret-files.ts';
export { readIfPresent, writeFileAtomically } from './files.ts';

// values from outside
export { errnoOf } from './errno.ts';
export { isRecord } from './record.ts';

// observability
export { LOG_LEVELS, type LogFields, type LogLevel, type Logger, silentLogger } from './log.ts';

export { type RequestSpan, type SpanAttributes, type TraceContext, type Tracer } from './trace.ts';

// listeners
export { type ListenAddress, listenOn } from './listen.ts';
export { type HostPolicy, isAllowedHost, isLoopbackAddress } from './hosts.ts';
