// The same server over standard input and output, for the proxies that speak HTTP for such ones.
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ANSWER_START, answerEnd } from '../lab/texts.ts';

const Question = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.object({ name: z.string().optional() }).loose().optional(),
});
const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'bench', version: '1' },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = Question.parse(JSON.parse(line));
  if (id !== undefined) process.stdout.write(`${answerTo(JSON.stringify(id), method, params?.name ?? '')}\n`);
});

function answerTo(id: string, method: string, tool: string): string {
  if (method === 'tools/call') return `${ANSWER_START}${id}${answerEnd(Number(tool.split('-')[1]))}`;
  const result = method === 'initialize' ? INITIALIZED : method === 'tools/list' ? { tools: [] } : {};
  return `${ANSWER_START}${id},"result":${JSON.stringify(result)}}`;
}
