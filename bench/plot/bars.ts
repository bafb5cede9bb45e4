import { FAINT, INK, colorOf, element, label, line, picture, round, ticksTo } from './svg.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Lowest and highest of the rounds. */
  readonly low: number;
  readonly high: number;
}

export interface BarGroup {
  readonly name: string;
  readonly bars: readonly Bar[];
}

interface BarPlot {
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly BarGroup[];
  /** Lines to compare with, such as a budget. */
  readonly marks: readonly { readonly value: number; readonly name: string }[];
}

const WIDTH = 900;
const LEFT = 190;
const RIGHT = 70;
const TOP = 64;
const BAR = 15;
const GROUP_GAP = 26;

/** Bars that lie, in groups, with the spread of the rounds as a thin line. */
export function barPlot({ title, unit, groups, marks }: BarPlot): string {
  const highest = Math.max(
    ...groups.flatMap(({ bars }) => bars.map(({ high }) => high)),
    ...marks.map(({ value }) => value),
  );
  const ticks = ticksTo(highest * 1.05);
  const x = (value: number): number => LEFT + (value / (highest * 1.05)) * (WIDTH - LEFT - RIGHT);
  const heights = groups.map(({ bars }) => bars.length * BAR + GROUP_GAP);
  const bottom = TOP + heights.reduce((sum, height) => sum + height, 0);
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  let top = TOP;
  const drawn: string[] = [];
  for (const [index, { name, bars }] of groups.entries()) {
    drawn.push(label(name, 16, top + 12, { size: 12, weight: 'bold' }));
    for (const [row, bar] of bars.entries())
      drawn.push(...barAt(bar, top + 18 + row * BAR, x, names.indexOf(bar.name)));
    top += heights[index] ?? 0;
  }
  return picture(WIDTH, bottom + 40, title, [
    ...ticks.flatMap((tick) => [
      line(x(tick), TOP - 8, x(tick), bottom, FAINT),
      label(String(tick), x(tick), bottom + 16, { anchor: 'middle', size: 11 }),
    ]),
    label(unit, WIDTH - RIGHT, bottom + 32, { anchor: 'end', size: 11 }),
    ...marks.flatMap(({ value, name }) => [
      line(x(value), TOP - 8, x(value), bottom, '#cf222e', '5 3'),
      label(name, x(value), TOP - 14, { anchor: 'middle', size: 11 }),
    ]),
    ...drawn,
  ]);
}

function barAt(
  { name, value, low, high }: Bar,
  top: number,
  x: (value: number) => number,
  color: number,
): readonly string[] {
  const middle = top + BAR / 2 - 1;
  const shape = {
    x: x(0),
    y: round(top),
    width: round(Math.max(1, x(value) - x(0))),
    height: BAR - 3,
    fill: colorOf(name, color),
  };
  return [
    label(name, LEFT - 8, top + BAR - 5, { anchor: 'end', size: 11 }),
    element('rect', shape),
    line(x(low), middle, x(high), middle, INK),
    label(value >= 10 ? value.toFixed(0) : value.toFixed(2), x(Math.max(value, high)) + 6, top + BAR - 5, { size: 11 }),
  ];
}
