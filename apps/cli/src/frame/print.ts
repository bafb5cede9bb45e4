import { type Printed, type Table } from './command.ts';

/** What every command that prints data offers; a command whose data is a list may offer `jsonl` too. */
export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number] | 'jsonl';

export function isOutputFormat(text: string): text is OutputFormat {
  return text === 'jsonl' || OUTPUT_FORMATS.some((format) => format === text);
}

/** Text of a result in the wanted form, newline included. */
export async function render(printed: Printed, format: OutputFormat): Promise<string> {
  if (format === 'json') return `${JSON.stringify(printed.data, undefined, 2)}\n`;
  if (format === 'jsonl') return jsonLines(printed.data);
  if (format === 'yaml') return (await import('./yaml.ts')).stringify(printed.data);
  return typeof printed.table === 'string' ? `${printed.table}\n` : renderTable(printed.table);
}

function jsonLines(data: unknown): string {
  const items: readonly unknown[] = Array.isArray(data) ? data : [data];
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

export function renderTable({ columns, rows, empty, note }: Table): string {
  const foot = note === undefined ? '' : `${note}\n`;
  if (rows.length === 0) return `${empty ?? 'nothing found'}\n${foot}`;
  const cells = [columns.map((column) => column.toUpperCase()), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  const lines = cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n${foot}`;
}

/** Control characters shown as escapes, so that a name from outside cannot drive the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
