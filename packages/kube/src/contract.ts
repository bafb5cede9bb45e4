import { suite, test } from 'node:test';
import { type ResourceClient } from './port.ts';
import { APPLY_CASES } from './testing/apply-cases.ts';
import { DELETION_CASES, GARBAGE_CASES } from './testing/deletion-cases.ts';
import { WATCH_CASES } from './testing/watch-cases.ts';
import { WRITE_CASES } from './testing/write-cases.ts';

/** A client of a store that serves widgets, and a namespace that is the case's alone. */
export interface Subject {
  readonly client: ResourceClient;
  readonly namespace: string;
}

/** Cases by the sentence that they show. */
export type ContractCases = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

interface Skips {
  /** Why what collects garbage is not there: in a cluster it is a program of its own. */
  readonly garbage?: string | false;
}

/** What every implementation of ResourceClient does, a real kube-apiserver included. */
export function resourceClientContract(
  name: string,
  open: () => Promise<Subject & AsyncDisposable>,
  { garbage = false }: Skips = {},
): void {
  suite(name, () => {
    for (const cases of [WRITE_CASES, WATCH_CASES, DELETION_CASES, APPLY_CASES, GARBAGE_CASES]) {
      for (const [sentence, run] of Object.entries(cases)) {
        test(sentence, { skip: cases === GARBAGE_CASES && garbage }, async () => {
          await using subject = await open();
          await run(subject);
        });
      }
    }
  });
}
