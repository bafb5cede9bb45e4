/** Processes of this machine as `/proc` tells them; none where there is none. */
import { readFile, readdir } from 'node:fs/promises';

export async function processIds(): Promise<readonly number[]> {
  if (process.platform !== 'linux') return [];
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

export interface ProcessStat {
  /** `Z` and `X` are the dead. */
  readonly state: string;
  readonly group: number;
  readonly residentPages: number;
}

/** proc_pid_stat(5). Undefined for a process that ended meanwhile. */
export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name stands in parentheses and may hold anything; state is the first field behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group] = fields;
  return text === '' ? undefined : { state, group: Number(group), residentPages: Number(fields[21]) };
}
