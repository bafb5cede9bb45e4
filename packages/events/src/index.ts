// appending
export { type EventSink } from './sink.ts';
export { type Spool } from './spool/port.ts';
export { openSpool } from './spool/open-spool.ts';
export { redact } from './redact.ts';

// storing and searching
export { type EventFilter, type EventStore, type StoredEvent } from './store/port.ts';
export { openEventStore } from './store/sqlite.ts';
export { type Shipper, startShipper } from './shipper.ts';

// verifying
export { type SpoolRecord } from './chain.ts';
export { readSpool } from './spool/read-spool.ts';
export { verifyChain } from './verify-chain.ts';
