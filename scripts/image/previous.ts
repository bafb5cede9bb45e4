// The product as it was one commit ago, for tests of upgrades: an image, and the sources that print its manifests.
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { runTelling } from '../cluster/run.ts';

const root = dirname(dirname(import.meta.dirname));
const FOLDER = join(root, 'build/previous');
const IMAGE = 'localhost/mcp-runtime:previous';
const ARCHIVE = join(root, 'build/images/mcp-runtime-previous.tar');
/** Tells tests what there is; they run where nothing can be fetched any more. */
const TOLD = join(FOLDER, 'previous.json');

/** `sources` has its own scripts and what they need to run; `image` is in the folder of images. */
export type Previous =
  | { readonly commit: string; readonly sources: string; readonly image: string }
  | { readonly unavailable: string };

/** What `writePrevious` found the last time. */
export function readPrevious(): Previous {
  if (!existsSync(TOLD)) return { unavailable: 'it was not made: `npm run image -- --previous` does' };
  return JSON.parse(readFileSync(TOLD, 'utf8'));
}

/** Makes it unless it is there, and says why where it cannot be had. Of earlier commits nothing is kept. */
export async function writePrevious(): Promise<Previous> {
  mkdirSync(FOLDER, { recursive: true });
  const previous = await makePrevious().catch((error: unknown): Previous => ({ unavailable: String(error) }));
  writeFileSync(TOLD, JSON.stringify(previous));
  return previous;
}

async function makePrevious(): Promise<Previous> {
  const commit = await previousCommit();
  if (commit === undefined)
    return { unavailable: 'no commit before this one is known here: a shallow clone, or no Git' };
  const sources = join(FOLDER, commit);
  if (!existsSync(sources) || !existsSync(ARCHIVE)) {
    for (const old of globSync('*/', { cwd: FOLDER })) rmSync(join(FOLDER, old), { recursive: true, force: true });
    const fresh = mkdtempSync(join(FOLDER, 'making-'));
    await checkOut(commit, fresh);
    await writeImage(fresh);
    renameSync(fresh, sources);
  }
  return { commit, sources, image: IMAGE };
}

/** The newest commit that is not what is checked out here: the parent of HEAD, and HEAD itself while something is changed. */
async function previousCommit(): Promise<string | undefined> {
  const changed = await git('status', '--porcelain', '--untracked-files=no');
  const which = changed === '' ? 'HEAD~1' : 'HEAD';
  return changed === undefined ? undefined : git('rev-parse', '--verify', '--quiet', `${which}^{commit}`);
}

/** Its files, and the packages of this checkout where it has the same lockfile. */
async function checkOut(commit: string, folder: string): Promise<void> {
  const archive = join(folder, 'sources.tar');
  await run('git', ['-C', root, 'archive', '--format=tar', `--output=${archive}`, commit]);
  await run('tar', ['--extract', '--file', archive, '--directory', folder]);
  rmSync(archive);
  const [theirs, ours] = [folder, root].map((one) => readFileSync(join(one, 'package-lock.json'), 'utf8'));
  // Links to its rooms are relative, so they lead to its own.
  if (theirs === ours) await run('cp', ['-al', join(root, 'node_modules'), join(folder, 'node_modules')]);
  else await run('npm', ['ci', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund']);
}

async function writeImage(sources: string): Promise<void> {
  const out = join(sources, 'image');
  const script = join(sources, 'scripts/image.ts');
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', script, '--name', IMAGE, '--out', out]);
  mkdirSync(dirname(ARCHIVE), { recursive: true });
  cpSync(join(out, 'mcp-runtime.tar'), ARCHIVE);
  rmSync(out, { recursive: true });
}

async function git(...args: readonly string[]): Promise<string | undefined> {
  const { status, stdout } = await runTelling('git', ['-C', root, ...args], {}, () => undefined);
  return status === 0 ? stdout.trim() : undefined;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { status, complaint } = await runTelling(program, args, {}, () => undefined);
  if (status !== 0) throw new Error(`${program} ended with status ${status}: ${complaint}`);
}
