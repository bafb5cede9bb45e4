import { createRequire } from 'node:module';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { startNode } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Requirement sets of the suite: what a server of that revision of MCP has to pass. */
export const REQUIREMENT_SETS = ['2025-11-25', '2026-07-28'] as const;
export type RequirementSet = (typeof REQUIREMENT_SETS)[number];

/** What one check of one scenario found, in the order in which the scenario made its checks. */
export interface CheckResult {
  readonly scenario: string;
  readonly check: string;
  readonly status: CheckStatus;
  readonly message: string;
}

const CheckStatus = z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']);
export type CheckStatus = z.infer<typeof CheckStatus>;

const Checks = z.array(z.object({ id: z.string(), status: CheckStatus, errorMessage: z.string().optional() }));

const PACKAGE = '@modelcontextprotocol/conformance/package.json';
const SCENARIO_TIMEOUT_MS = 10_000;

/**
 * The program of the published suite: of the installed package, or of the one that is installed in the folder that
 * MCP_CONFORMANCE_DIR names. Undefined when there is none.
 */
export function findSuite(): string | undefined {
  const folder = process.env['MCP_CONFORMANCE_DIR'];
  const from = createRequire(folder === undefined ? import.meta.url : join(folder, 'package.json'));
  try {
    return join(dirname(from.resolve(PACKAGE)), 'dist', 'index.js');
  } catch {
    return undefined;
  }
}

/** Runs a requirement set against a server. Whether its checks pass or not, their results are returned. */
export async function runSuite(suite: string, set: RequirementSet, url: string): Promise<readonly CheckResult[]> {
  await using dir = await tempDir();
  const words = ['server', '--url', url, '--requirements', set, '--timeout', String(SCENARIO_TIMEOUT_MS)];
  await using program = await startNode([suite, ...words, '--output-dir', dir.path]);
  await program.exited;
  const folders = (await readdir(dir.path)).toSorted();
  if (folders.length === 0) throw new Error(`the suite ran no scenario: ${program.stdout()}${program.stderr()}`);
  return (await Promise.all(folders.map((folder) => resultsIn(dir.path, folder)))).flat();
}

/** A scenario that could not even begin writes nothing. */
const NO_CHECKS = JSON.stringify([{ id: 'scenario-runs', status: 'FAILURE' }]);

/** The suite names a folder `server-SCENARIO-TIME`. */
const FOLDER_NAME = /^server-(?<scenario>.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/;

async function resultsIn(dir: string, folder: string): Promise<readonly CheckResult[]> {
  const scenario = FOLDER_NAME.exec(folder)?.groups?.['scenario'] ?? folder;
  const text = await readFile(join(dir, folder, 'checks.json'), 'utf8').catch(() => NO_CHECKS);
  return Checks.parse(JSON.parse(text)).map(({ id, status, errorMessage = '' }) => ({
    scenario,
    check: id,
    status,
    message: errorMessage,
  }));
}
