import { type SegmentFiles, diskFiles } from '../spool/segment-file.ts';

type Operation = 'truncate' | 'datasync' | 'open';

/** The real disk, which can be told to fail. */
export interface FaultyFiles extends SegmentFiles {
  /** Bytes that still fit; undefined for no limit. */
  room: number | undefined;
  /** Operations that fail with EIO. */
  readonly broken: Set<Operation>;
  /** Writes fail with EROFS. */
  isReadOnly: boolean;
}

export function faultyFiles(): FaultyFiles {
  const files: FaultyFiles = {
    room: undefined,
    broken: new Set(),
    isReadOnly: false,
    open(path) {
      fail('open');
      const file = diskFiles.open(path);
      return {
        write(bytes, position) {
          if (files.isReadOnly) throw osError('EROFS');
          const count = Math.min(bytes.length, files.room ?? Infinity);
          if (count === 0) throw osError('ENOSPC');
          if (files.room !== undefined) files.room -= count;
          return file.write(bytes.subarray(0, count), position);
        },
        truncate(size) {
          fail('truncate');
          file.truncate(size);
        },
        async datasync() {
          fail('datasync');
          await file.datasync();
        },
        close: () => file.close(),
      };
    },
    syncFolder: (path) => diskFiles.syncFolder(path),
  };
  const fail = (operation: Operation): void => {
    if (files.broken.has(operation)) throw osError('EIO');
  };
  return files;
}

function osError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
