import assert from 'node:assert/strict';
import { bytesOfAnswer, loadAnswers } from '../answers.ts';
import { LIST } from '../good-call.ts';
import { startLab } from '../lab.ts';
import { startRawServer } from '../raw-server.ts';
import { send } from '../send.ts';
import { mutate } from './mutate.ts';
import { type Random } from './random.ts';
import { type Target } from './target.ts';

const MAX_ANSWER_BYTES = 8192;

/** Whatever a server answers, its caller gets one whole HTTP answer, and there is one record. Through sockets: slow. */
export async function upstreamTarget(): Promise<Target> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startRawServer());
  const lab = opened.use(await startLab({ upstream: server.url }));
  const answers = loadAnswers()
    .map(bytesOfAnswer)
    .filter((bytes) => bytes.length <= MAX_ANSWER_BYTES);
  const { host } = new URL(lab.url);
  const request = Buffer.from(
    `POST /memory/mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nConnection: close\r\n` +
      `Authorization: Bearer ${lab.token('valid')}\r\nContent-Length: ${LIST.length}\r\n\r\n${LIST}`,
  );
  const owned = opened.move();
  return {
    run: async (random: Random) => {
      const answer = answers[random.below(answers.length)] ?? Buffer.alloc(0);
      const recorded = lab.events.length;
      server.answerNext({ bytes: mutate(answer, random), in: 'one piece', keepsOpen: 'no' });
      const seen = await send(lab.url, request);
      assert.equal(seen.length, 1, 'not one answer');
      assert.equal(lab.events.length, recorded + 1, 'not one record');
    },
    close: () => owned.disposeAsync(),
  };
}
