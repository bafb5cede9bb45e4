import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../../../bin/mcp-runtime.mjs');

/** `serve operator` as a process of its own, on the cluster of KUBECONFIG. */
export class OperatorProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly adminUrl: string;

  private constructor(child: ChildProcess, adminUrl: string) {
    this.#child = child;
    this.adminUrl = adminUrl;
  }

  /** Resolves when it serves its admin listener. */
  static async start(configFile: string): Promise<OperatorProcess> {
    const args = [PROGRAM, 'serve', 'operator', '--config', configFile, '--listen', '127.0.0.1:0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^operator at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) return new OperatorProcess(child, url);
    }
    throw new Error('the operator ended before it served anything');
  }

  /** Sums of the samples of a metric by its name and, where given, labels as they are printed. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return samples
      .filter((line) => line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.adminUrl}/ready`)).ok;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
