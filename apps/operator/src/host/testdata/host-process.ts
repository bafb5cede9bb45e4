/** A process that runs a host until it is killed. Prints the pids of its servers as JSON when all run. */
import { aServer, openHost } from './fixture.ts';

const LISTENS = `require('node:http').createServer().listen(Number(process.env.PORT), '127.0.0.1')`;
const IGNORES_TERM = `process.on('SIGTERM', () => {}); ${LISTENS}`;
const HAS_CHILDREN = `
  const { spawn } = require('node:child_process');
  const sleep = ['-e', 'setInterval(() => {}, 1000)'];
  const inGroup = spawn(process.execPath, sleep);
  const elsewhere = spawn(process.execPath, sleep, { detached: true });
  require('node:http').createServer((_, response) => response.end(JSON.stringify([inGroup.pid, elsewhere.pid])))
    .listen(Number(process.env.PORT), '127.0.0.1')`;

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('needs a data folder');
const { host, untilRunning } = await openHost({ dataDir });
const servers = [
  aServer(IGNORES_TERM, { key: { namespace: 'team', name: 'stubborn' } }),
  aServer(HAS_CHILDREN, { key: { namespace: 'team', name: 'parent' } }),
  aServer('setInterval(() => {}, 1000)', { key: { namespace: 'team', name: 'stdio' }, transport: 'stdio' }),
];
for (const server of servers) host.ensure(server);
const pids: number[] = [];
for (const server of servers) {
  const state = await untilRunning(server);
  pids.push(...state.pids);
  if (server.key.name !== 'parent') continue;
  const answer: unknown = await (await fetch(state.upstreamUrl)).json();
  if (Array.isArray(answer)) pids.push(...answer.map(Number));
}
process.stdout.write(`${JSON.stringify(pids)}\n`);
