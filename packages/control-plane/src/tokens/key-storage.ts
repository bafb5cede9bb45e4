import { readIfPresent, writeFileAtomically } from '@mcp-runtime/base';

/** Where the keys of an installation are kept: one text, read and replaced as a whole. */
export interface KeyStorage {
  /** For messages, such as a path in backticks. */
  readonly place: string;
  /** Undefined when nothing was ever written. */
  read(): Promise<string | undefined>;
  /** Resolves once it is durable; rejects with `conflict` when somebody else wrote since it was read. */
  write(text: string): Promise<void>;
}

/** A file that only its owner may read. */
export function keyFile(path: string): KeyStorage {
  return {
    place: `\`${path}\``,
    read: () => readIfPresent(path),
    write: (text) => writeFileAtomically(path, text, 0o600),
  };
}
