import { type Source } from '@mcp-runtime/api';
import { UnusableSource } from './failure.ts';
import { type Installer } from './install.ts';
import { npmProgram } from './npm.ts';
import { pypiProgram } from './pypi.ts';

/** What to execute for a source. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The server's own folder when absent. */
  readonly cwd?: string;
}

export interface ProgramPlaces {
  /** Where packages are installed. */
  readonly packages: string;
  /** Folders whose `node_modules` may hold the package already. */
  readonly packageRoots: readonly string[];
  readonly searchPath: string;
}

/**
 * Installs what the source needs and says what to execute.
 * @throws UnusableSource when only another source can help; AppError `install_failed` otherwise
 */
export async function resolveProgram(source: Source, installer: Installer, places: ProgramPlaces): Promise<Program> {
  if (source.npm !== undefined) return npmProgram(source.npm, installer, places);
  if (source.pypi !== undefined) return pypiProgram(source.pypi, installer, places);
  if (source.command !== undefined) {
    const { command, args, cwd } = source.command;
    return { command, args, ...(cwd !== undefined && { cwd }) };
  }
  throw new UnusableSource(
    'source_unsupported',
    'a container image needs a container engine, which a host does not have',
    {
      next: 'use `source.npm`, `source.pypi`, `source.command` or `source.url`, or run it in a cluster',
    },
  );
}

/** What is done before the program can run, for people. */
export function preparation(source: Source): string {
  if (source.npm !== undefined) return `preparing ${source.npm.package}@${source.npm.version}`;
  if (source.pypi !== undefined) return `preparing ${source.pypi.package}==${source.pypi.version}`;
  return 'starting';
}
