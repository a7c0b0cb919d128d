/** Text for terminals: colours, widths, tables, sparklines. Pure. */

import picocolors from 'picocolors';
import { largest, smallest } from '../../lib/extremes.ts';
import type { CommandIo } from '../io.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

export const colorsOf = (io: Pick<CommandIo, 'useColor'>): Colors => picocolors.createColors(io.useColor);

const colorCode = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

export const withoutColors = (text: string): string => text.replace(colorCode, '');

/** Characters that a terminal shows, colour codes left out. */
export const shownLength = (text: string): number => [...withoutColors(text)].length;

/**
 * A table as lines of text: first column to the left, the others to the right, columns two spaces apart.
 *
 * @param rows [R][C] cells; the first row is the header.
 */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, shownLength(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const fill = ' '.repeat((widths[i] ?? 0) - shownLength(cell));
        return i === 0 ? cell + fill : fill + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}

const bars = '▁▂▃▄▅▆▇█';

/**
 * A curve in one line of text, from its smallest to its largest value; gaps (NaN, null) are spaces.
 *
 * @param values [N] values in order.
 * @param width most characters to use; longer series are averaged into that many.
 */
export function sparkline(values: readonly (number | null)[], width = 40): string {
  const points = averaged(values, width);
  const finite = points.filter((value) => Number.isFinite(value));
  const low = smallest(finite);
  const range = largest(finite) - low;
  return points
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      return bars[range > 0 ? Math.round(((value - low) / range) * (bars.length - 1)) : 0];
    })
    .join('');
}

function averaged(values: readonly (number | null)[], width: number): number[] {
  const numbers = values.map((value) => value ?? Number.NaN);
  if (numbers.length <= width) return numbers;
  return Array.from({ length: width }, (_, i) => {
    const part = numbers.slice(Math.floor((i * numbers.length) / width), Math.floor(((i + 1) * numbers.length) / width));
    const finite = part.filter((value) => Number.isFinite(value));
    return finite.length > 0 ? finite.reduce((sum, value) => sum + value, 0) / finite.length : Number.NaN;
  });
}

/** A share in percent with one decimal; a dash when there is none. */
export const percent = (share: number | null | undefined): string =>
  share == null || !Number.isFinite(share) ? '-' : `${(100 * share).toFixed(1)} %`;

/** Seconds as people say them: `8 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}

/** A count in few characters: `950`, `12.3k`, `4.5M`. */
export function compactNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  return String(Math.round(value));
}
