/** What one proxy did under one load in one round. Times are milliseconds. */
export interface Row {
  /** Which question it helps to answer. */
  readonly part: string;
  readonly target: string;
  readonly load: string;
  readonly round: number;
  readonly calls: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  /** Processor time of the proxy's process or processes, all threads. */
  readonly cpuMicrosPerCall: number;
  readonly rssMiB: number;
  /** How late the proxy's event loop came to a timer. */
  readonly lateP99: number;
}

/** One proxy under one load over all rounds. */
export interface Summary extends Omit<Row, 'round' | 'calls' | 'seconds'> {
  readonly callsPerSecond: number;
  /** Median over the rounds of processor time over that of the part's measure in the same round; lowest and highest beside it. */
  readonly ratio: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
  /** Median over the rounds of what the measure did not need of the time to answer, at the median and the 99th percentile. */
  readonly addedP50: number;
  readonly addedP99: number;
}

/** Summaries in the order in which targets and loads first appear; `measures` names the target that others are compared to. */
export function summarize(rows: readonly Row[], measures: Readonly<Record<string, string>>): readonly Summary[] {
  const cells = Map.groupBy(rows, ({ part, target, load }) => `${part}\n${load}\n${target}`);
  return cells
    .values()
    .toArray()
    .map((own) => summaryOf(own, measureOf(own, cells, measures)));
}

function measureOf(
  [first]: readonly Row[],
  cells: ReadonlyMap<string, readonly Row[]>,
  measures: Readonly<Record<string, string>>,
): readonly Row[] {
  return first === undefined ? [] : (cells.get(`${first.part}\n${first.load}\n${measures[first.part]}`) ?? []);
}

function summaryOf(own: readonly Row[], measure: readonly Row[]): Summary {
  const [first] = own;
  if (first === undefined) throw new RangeError('nothing to sum up');
  const of = (value: (row: Row) => number): number => median(own.map(value));
  const beside = (compare: (row: Row, measure: Row) => number): readonly number[] =>
    own.flatMap((row) => measure.filter(({ round }) => round === row.round).map((other) => compare(row, other)));
  const ratios = beside((row, other) => row.cpuMicrosPerCall / other.cpuMicrosPerCall);
  return {
    part: first.part,
    target: first.target,
    load: first.load,
    callsPerSecond: of(({ calls, seconds }) => calls / seconds),
    p50: of(({ p50 }) => p50),
    p95: of(({ p95 }) => p95),
    p99: of(({ p99 }) => p99),
    p999: of(({ p999 }) => p999),
    cpuMicrosPerCall: of(({ cpuMicrosPerCall }) => cpuMicrosPerCall),
    rssMiB: of(({ rssMiB }) => rssMiB),
    lateP99: of(({ lateP99 }) => lateP99),
    ratio: median(ratios),
    ratioLow: Math.min(...ratios),
    ratioHigh: Math.max(...ratios),
    addedP50: median(beside((row, other) => row.p50 - other.p50)),
    addedP99: median(beside((row, other) => row.p99 - other.p99)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
