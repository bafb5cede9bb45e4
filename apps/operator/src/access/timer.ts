import { type Clock } from '@mcp-runtime/base';
import { type Schedule } from './schedule.ts';

/** Clocks are set and machines sleep: a timer asks again after that, however far its time is. */
const LONGEST_MS = 60_000;

/** One timer for all that is scheduled. */
export interface ScheduleTimer {
  /** After the schedule has changed. */
  update(): void;
  stop(): void;
}

export function createScheduleTimer(
  schedule: Schedule,
  clock: Clock,
  onDue: (ids: readonly string[]) => void,
): ScheduleTimer {
  let timer: NodeJS.Timeout | undefined;
  let timerAt: number | undefined;
  let isStopped = false;

  const update = (): void => {
    const next = schedule.next();
    if (isStopped || (next === timerAt && timer !== undefined)) return;
    clearTimeout(timer);
    timer = undefined;
    timerAt = next;
    if (next !== undefined) timer = setTimeout(fire, Math.min(Math.max(1, next - clock()), LONGEST_MS)).unref();
  };
  const fire = (): void => {
    timer = undefined;
    onDue(schedule.takeDue(clock()));
    update();
  };
  return {
    update,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
