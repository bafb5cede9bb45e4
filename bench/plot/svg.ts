/** The little of SVG that the plots need. Sizes are pixels. */

export const INK = '#24292f';
export const FAINT = '#d0d7de';
const PALETTE = ['#0550ae', '#1a7f37', '#bf8700', '#cf222e', '#8250df', '#57606a'];
/** What appears in several pictures has one colour in all of them. */
const COLORS: Readonly<Record<string, string>> = {
  direct: '#afb8c1',
  'plain pass-through': '#8c959f',
  'gateway, anybody': '#80ccff',
  '+ session token': '#54aeff',
  '+ large policy': '#218bff',
  '+ audit spool': '#0550ae',
  '+ event store': '#1a7f37',
};

export function colorOf(name: string, index: number): string {
  return COLORS[name] ?? PALETTE[index % PALETTE.length] ?? INK;
}

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`;
}

export function label(
  text: string,
  x: number,
  y: number,
  {
    anchor = 'start',
    size = 12,
    weight = 'normal',
  }: { readonly anchor?: string; readonly size?: number; readonly weight?: string } = {},
): string {
  const attributes = {
    x: round(x),
    y: round(y),
    'text-anchor': anchor,
    'font-size': size,
    'font-weight': weight,
    fill: INK,
  };
  return element('text', attributes, escaped(text));
}

export function line(x1: number, y1: number, x2: number, y2: number, color: string, dash = ''): string {
  const places = { x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2) };
  return element('line', { ...places, stroke: color, ...(dash === '' ? {} : { 'stroke-dasharray': dash }) });
}

/** A picture on white, readable on light and dark pages. */
export function picture(width: number, height: number, title: string, parts: readonly string[]): string {
  const ground = element('rect', { width, height, fill: '#ffffff' });
  const heading = label(title, 16, 26, { size: 15, weight: 'bold' });
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': title,
    'font-family': 'system-ui, sans-serif',
  };
  return `${element('svg', root, [ground, heading, ...parts].join('\n'))}\n`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Round steps up to a maximum: at most six of them. */
export function ticksTo(maximum: number): readonly number[] {
  const rough = maximum / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power;
  return Array.from({ length: Math.floor(maximum / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
