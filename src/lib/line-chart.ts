/** Line charts as SVG text: one panel or a grid of small ones, with bands around the lines. Pure. */
import { largest } from './extremes.ts';

export interface ChartSeries {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly halfWidth?: number }[];
}

export interface ChartPanel {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  /** A dashed line for comparison, such as 1 - alpha. */
  readonly reference?: ChartSeries;
}

export interface ChartOptions {
  readonly xLabel: string;
  readonly yLabel: string;
  /** Top of the y axis; the largest value of each panel when left out. */
  readonly yMax?: number;
  readonly columns?: number;
}

const colors = ['#1b6ca8', '#c8553d', '#3a7d44', '#7b4b94', '#b8860b', '#555555'];
const legendWidth = 150;
const margin = { left: 50, right: 12, top: 28, bottom: 40 };

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const text = (x: number, y: number, content: string, anchor = 'start', size = 12): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-family="sans-serif" font-size="${size}" fill="#333" text-anchor="${anchor}">${escaped(content)}</text>`;

/**
 * The panels, row by row, with one legend for all: panels are expected to have the same series.
 *
 * @param panels x and y from 0 up.
 */
export function lineChart(panels: readonly ChartPanel[], options: ChartOptions): string {
  const columns = Math.min(options.columns ?? 1, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const [width, height] = columns === 1 ? [560, 360] : [300, 220];
  const total = { width: columns * width + legendWidth, height: rows * height };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" width="${total.width}" height="${total.height}">`,
    `<rect width="${total.width}" height="${total.height}" fill="#fff"/>`,
    ...panels.map(
      (panel, i) =>
        `<g transform="translate(${(i % columns) * width} ${Math.floor(i / columns) * height})">${panelText(panel, width, height, options)}</g>`,
    ),
    ...legend(panels[0], columns * width),
    '</svg>',
    '',
  ].join('\n');
}

function legend(panel: ChartPanel | undefined, left: number): string[] {
  const entries = [...(panel?.series ?? []), ...(panel?.reference ? [panel.reference] : [])];
  return entries.map((series, i) => {
    const y = margin.top + 10 + 20 * i;
    const isReference = series === panel?.reference;
    const stroke = isReference ? 'stroke="#999" stroke-dasharray="5 4"' : `stroke="${colors[i % colors.length]}" stroke-width="2"`;
    return `<line x1="${left + 6}" x2="${left + 30}" y1="${y}" y2="${y}" ${stroke}/>${text(left + 36, y + 4, series.label)}`;
  });
}

function panelText({ title, series, reference }: ChartPanel, width: number, height: number, options: ChartOptions): string {
  const all = [...series, ...(reference ? [reference] : [])].flatMap(({ points }) => points);
  const xMax = largest(all.map(({ x }) => x));
  const yMax = options.yMax ?? largest(all.map(({ y }) => y));
  const [w, h] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  const px = (x: number): number => margin.left + (x / xMax) * w;
  const py = (y: number): number => margin.top + h - (Math.min(y, yMax) / yMax) * h;
  const path = (points: readonly { x: number; y: number }[]): string =>
    points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join('');
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const label = (value: number): string => String(Number(value.toPrecision(3)));
  const bands = series.map(({ points }, i) => {
    const upper = points.map(({ x, y, halfWidth = 0 }) => ({ x, y: y + halfWidth }));
    const lower = points.map(({ x, y, halfWidth = 0 }) => ({ x, y: Math.max(0, y - halfWidth) })).reverse();
    return `<path d="${path([...upper, ...lower])}Z" fill="${colors[i % colors.length]}" opacity="0.18"/>`;
  });
  return [
    text(margin.left + w / 2, 17, title, 'middle', 13),
    ...ticks.map(
      (t) =>
        `<line x1="${margin.left}" x2="${margin.left + w}" y1="${py(t * yMax)}" y2="${py(t * yMax)}" stroke="#ddd"/>${text(margin.left - 6, py(t * yMax) + 4, label(t * yMax), 'end', 11)}`,
    ),
    ...ticks.map((t) => text(px(t * xMax), margin.top + h + 15, label(t * xMax), 'middle', 11)),
    text(margin.left + w / 2, height - 8, options.xLabel, 'middle'),
    `<g transform="translate(12 ${margin.top + h / 2}) rotate(-90)">${text(0, 0, options.yLabel, 'middle')}</g>`,
    ...bands,
    ...series.map(({ points }, i) => `<path d="${path(points)}" fill="none" stroke="${colors[i % colors.length]}" stroke-width="2"/>`),
    reference ? `<path d="${path(reference.points)}" fill="none" stroke="#999" stroke-dasharray="5 4"/>` : '',
  ].join('\n');
}
