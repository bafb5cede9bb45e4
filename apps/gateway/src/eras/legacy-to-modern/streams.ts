import { HEADERS } from '@mcp-runtime/api';
import { envelopeOf } from './call.ts';
import { type Replays } from './replay.ts';
import { type Served, type ServingPorts, refuseRequest } from './served.ts';
import { openStanding } from './standing.ts';

const LAST_EVENT_ID = HEADERS.lastEventId.toLowerCase();

/** The stream of a session, or of an answer that a client lost. */
export function serveGet(served: Served, ports: ServingPorts): void {
  const { passage, receiver, session, live, abort } = served;
  const eventId = passage.request.headers[LAST_EVENT_ID];
  if (eventId !== undefined) {
    resume(served, eventId, ports.replays);
    return;
  }
  // Each message goes to one stream: a client that opens another one has lost the first.
  live.standing?.close();
  const { upstream, log, limits } = ports;
  const standingPorts = { upstream, log, maxMessageBytes: limits.maxMessageBytes };
  const standing = openStanding(passage, receiver, envelopeOf({ session, live }), [...live.uris], standingPorts);
  live.standing = standing;
  abort.signal.addEventListener('abort', () => {
    standing.abandon();
    if (live.standing === standing) live.standing = undefined;
  });
}

function resume({ outlet, live, abort }: Served, eventId: string, replays: Replays): void {
  const resumed = replays.find(live.key, eventId);
  if (resumed === undefined) {
    refuseRequest(outlet, 400, 'there is nothing to resume from that event');
    return;
  }
  for (const { id, data } of resumed.missed) outlet.repeat(data, id);
  const stop = resumed.follow(
    ({ id, data }) => outlet.repeat(data, id),
    () => {
      // All was there already: a client that hears 204 stops asking (WHATWG HTML, "Server-sent events").
      if (outlet.isOpen) outlet.close();
      else outlet.reply(204, '');
    },
  );
  outlet.open();
  abort.signal.addEventListener('abort', () => {
    stop();
    outlet.abandon();
  });
}
