/** A transfer table as an SVG: one bar a cell, its interval as a whisker, the execution rate behind it. */
import type { TransferRow } from './transfer.ts';

const colors = ['#1b6ca8', '#c8553d', '#3a7d44', '#7b4b94', '#b8860b', '#4a5568'];
const [left, right, top, bottom, bar, gap, groupGap] = [250, 120, 56, 40, 16, 6, 26];
const width = 860;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function text(
  x: number,
  y: number,
  content: string,
  { anchor = 'start', size = 12 }: { readonly anchor?: string; readonly size?: number } = {},
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-family="sans-serif" font-size="${size}" fill="#333" text-anchor="${anchor}">${escaped(content)}</text>`;
}

const rect = (x: number, y: number, w: number, h: number, fill: string, opacity = 1): string =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(0, w).toFixed(1)}" height="${h}" fill="${fill}" opacity="${opacity}"/>`;

const line = (x1: number, y1: number, x2: number, y2: number, stroke: string): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${stroke}"/>`;

/**
 * Draws the rows of a report, grouped by set and policy.
 *
 * @param title one line above.
 * @returns a whole SVG document.
 */
export function transferPicture(rows: readonly TransferRow[], title: string): string {
  const x = (share: number): number => left + share * (width - left - right);
  const targets = [...new Set(rows.map(({ backend, dialect }) => `${backend} (${dialect})`))];
  const parts: string[] = [];
  let y = top;
  let group = '';
  for (const row of rows) {
    const name = `${row.policy}, ${row.set}`;
    if (name !== group) {
      if (group !== '') y += groupGap - gap;
      group = name;
      parts.push(text(12, y + 12, name, { size: 13 }));
      y += 20;
    }
    const target = `${row.backend} (${row.dialect})`;
    const color = colors[targets.indexOf(target) % colors.length] ?? '#333';
    const rate = row.pass_at_1 ?? 0;
    parts.push(
      text(left - 8, y + 12, target, { anchor: 'end' }),
      rect(left, y, x(row.execution_rate ?? 0) - left, bar, color, 0.15),
      rect(left, y, x(rate) - left, bar, color),
    );
    if (row.interval !== null) {
      const [low, high] = row.interval;
      const middle = y + bar / 2;
      parts.push(
        line(x(low), middle, x(high), middle, '#111'),
        line(x(low), y + 4, x(low), y + bar - 4, '#111'),
        line(x(high), y + 4, x(high), y + bar - 4, '#111'),
      );
    }
    parts.push(
      text(width - right + 8, y + 12, row.pass_at_1 === null ? 'nothing scorable' : `${(100 * rate).toFixed(1)} % of ${row.denominator}`),
    );
    y += bar + gap;
  }
  const height = y + bottom;
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
    line(x(share), top - 6, x(share), height - bottom, '#ddd'),
    text(x(share), height - bottom + 16, `${Math.round(100 * share)} %`, { anchor: 'middle' }),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    rect(0, 0, width, height, '#fff'),
    text(12, 22, title, { size: 15 }),
    text(12, 40, 'pass@1 with its 95 % interval; light: programs that reached a solve', { size: 11 }),
    ...ticks,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
