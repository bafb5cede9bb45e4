import { readFile, readdir } from 'node:fs/promises';

const MARKER = '\0MCP_RUNTIME_INSTANCE=';

export const HAS_PROC = process.platform === 'linux';

/** Processes that a runtime started on this data folder: they carry its marker, and their home lies in the folder. */
export function serversOf(dataDir: string): Promise<readonly number[]> {
  return processesWhose((environment) => environment.includes(MARKER) && environment.includes(`=${dataDir}/`));
}

/** A process that has ended counts as gone, even while nobody has asked for its status. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/^\d+ \(.*\) Z /s.test(stat);
}

export async function areGone(pids: readonly number[]): Promise<boolean> {
  return !(await Promise.all(pids.map(isAlive))).includes(true);
}

async function processesWhose(holds: (environment: string) => boolean): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => holds(await environmentOf(pid))));
  return pids.filter((_, index) => found[index] === true);
}

async function environmentOf(pid: number): Promise<string> {
  try {
    return `\0${await readFile(`/proc/${pid}/environ`, 'latin1')}`;
  } catch {
    // ended meanwhile, or somebody else's
    return '';
  }
}
