import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { type FollowedActivity, followActivity } from './follow-activity.ts';

const A = { pod: 'a', address: '10.0.0.1' };
const B = { pod: 'b', address: '10.0.0.2' };

/** Gateways that answer when the test says so, and count what they are asked. */
class Gateways {
  readonly asked: { readonly address: string; readonly seen: number | undefined }[] = [];
  readonly changes = new EventEmitter();
  readonly reports = new EventEmitter();
  readonly silent = new Set<string>();
  sequence = 1;

  follow(): FollowedActivity {
    return followActivity({
      read: async ({ address }, seen, signal) => {
        this.asked.push({ address, seen });
        if (this.silent.has(address)) throw new Error('no answer');
        if (seen === this.sequence) await once(this.changes, 'change', { signal });
        const one = { server: 'team-a/files', idle_ms: 0, open: 0, wanted: this.sequence > 1, knows: true };
        return { sequence: this.sequence, servers: [one] };
      },
      clock: () => this.asked.length,
      onReport: () => void this.reports.emit('report'),
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.reports, 'report');
  }
}

test('each gateway is asked with what it told last, and a change is heard as soon as it is there', async () => {
  const gateways = new Gateways();
  await using following = gateways.follow();
  following.at([A, B]);
  await gateways.until(() => following.reports().size === 2);
  const wanted = (): boolean =>
    [...following.reports().values()].every(({ servers }) => servers.get('team-a/files')?.wanted === true);
  assert.equal(wanted(), false);
  while (gateways.asked.length < 4) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    gateways.asked.map(({ seen }) => seen),
    [undefined, undefined, 1, 1],
  );
  gateways.sequence = 2;
  gateways.changes.emit('change');
  await gateways.until(wanted);
});

test('a gateway that does not answer tells nothing, and one that is gone is not asked any more', async () => {
  const gateways = new Gateways();
  await using following = gateways.follow();
  gateways.silent.add(B.address);
  following.at([A, B]);
  await gateways.until(() => following.reports().has(A.address));
  assert.equal(following.reports().has(B.address), false);
  following.at([B]);
  assert.equal(following.reports().size, 0);
});

test('a refresh asks at once, and not for what is new', async () => {
  const gateways = new Gateways();
  await using following = gateways.follow();
  following.at([A]);
  await gateways.until(() => following.reports().size === 1);
  while (gateways.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const before = following.reports().get(A.address)?.at ?? 0;
  following.refresh();
  await gateways.until(() => (following.reports().get(A.address)?.at ?? 0) > before);
  assert.equal(gateways.asked.at(-1)?.seen, undefined);
});
