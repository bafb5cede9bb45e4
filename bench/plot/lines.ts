import { FAINT, colorOf, element, label, line, picture, round, ticksTo } from './svg.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface LinePlot {
  readonly title: string;
  readonly unit: string;
  readonly xUnit: string;
  readonly series: readonly Series[];
  /** Where the horizontal axis has labels. */
  readonly xTicks: readonly (readonly [x: number, text: string])[];
  readonly yScale: 'linear' | 'log';
}

const WIDTH = 900;
const HEIGHT = 380;
const LEFT = 70;
const RIGHT = 210;
const TOP = 56;
const BOTTOM = 50;

export function linePlot({ title, unit, xUnit, series, xTicks, yScale }: LinePlot): string {
  const points = series.flatMap((one) => one.points);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const isLog = yScale === 'log';
  const lowest = isLog ? 10 ** Math.floor(Math.log10(Math.min(...ys))) : 0;
  const highest = isLog ? 10 ** Math.ceil(Math.log10(Math.max(...ys))) : Math.max(...ys) * 1.1;
  const height = HEIGHT - TOP - BOTTOM;
  const at = (y: number): number => (isLog ? Math.log10(y / lowest) / Math.log10(highest / lowest) : y / highest);
  const px = (x: number): number => LEFT + ((x - left) / (right - left || 1)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number): number => TOP + height * (1 - at(y));
  const yTicks = isLog ? powersOfTen(lowest, highest) : ticksTo(highest);
  return picture(WIDTH, HEIGHT, title, [
    ...yTicks.flatMap((tick) => [
      line(LEFT, py(tick), WIDTH - RIGHT, py(tick), FAINT),
      label(String(tick), LEFT - 8, py(tick) + 4, { anchor: 'end', size: 11 }),
    ]),
    label(unit, LEFT, TOP - 10, { size: 11 }),
    ...xTicks.map(([x, text]) => label(text, px(x), HEIGHT - BOTTOM + 18, { anchor: 'middle', size: 11 })),
    label(xUnit, WIDTH - RIGHT, HEIGHT - 12, { anchor: 'end', size: 11 }),
    ...series.flatMap(({ name, points: own }, index) => {
      const path = own.map(([x, y]) => `${round(px(x))},${round(py(y))}`).join(' ');
      const y = TOP + 8 + index * 20;
      return [
        element('polyline', { points: path, fill: 'none', stroke: colorOf(name, index), 'stroke-width': 2 }),
        element('rect', { x: WIDTH - RIGHT + 14, y: y - 6, width: 20, height: 3, fill: colorOf(name, index) }),
        label(name, WIDTH - RIGHT + 40, y, { size: 11 }),
      ];
    }),
  ]);
}

function powersOfTen(lowest: number, highest: number): readonly number[] {
  const count = Math.round(Math.log10(highest / lowest)) + 1;
  return Array.from({ length: count }, (_, index) => Number((lowest * 10 ** index).toPrecision(3)));
}
