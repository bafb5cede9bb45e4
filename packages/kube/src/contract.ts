import { suite, test } from 'node:test';
import { type ResourceClient } from './port.ts';
import { APPLY_CASES } from './testing/apply-cases.ts';
import { DELETION_CASES } from './testing/deletion-cases.ts';
import { WATCH_CASES } from './testing/watch-cases.ts';
import { WRITE_CASES } from './testing/write-cases.ts';

/** A client of a store that serves widgets, and a namespace that is the case's alone. */
export interface Subject {
  readonly client: ResourceClient;
  readonly namespace: string;
}

/** Cases by the sentence that they show. */
export type ContractCases = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

/** What every implementation of ResourceClient does, a real kube-apiserver included. */
export function resourceClientContract(name: string, open: () => Promise<Subject & AsyncDisposable>): void {
  suite(name, () => {
    for (const cases of [WRITE_CASES, WATCH_CASES, DELETION_CASES, APPLY_CASES]) {
      for (const [sentence, run] of Object.entries(cases)) {
        test(sentence, async () => {
          await using subject = await open();
          await run(subject);
        });
      }
    }
  });
}
