/**
 * Draws evaluation curves of runs as one SVG: pass@1 solid, identical dashed, by training step or by minutes.
 *
 *   node scripts/plot-curves.mjs OUT.svg SET [--by step|minutes] LABEL=RUN_DIR ...
 *
 * SET is the evaluation set's name, e.g. held_out.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { by: { type: 'string', default: 'step' } } });
const [out, set, ...runs] = positionals;
if (!out || !set || runs.length === 0) {
  process.stderr.write('usage: node scripts/plot-curves.mjs OUT.svg SET [--by step|minutes] LABEL=RUN_DIR ...\n');
  process.exit(2);
}

/** Points of one run: the evaluation before training, then every step that has one. */
function pointsOf(directory) {
  const first = join(directory, 'evaluations', '000000.json');
  const before = existsSync(first) ? JSON.parse(readFileSync(first, 'utf8')).find(({ summary }) => summary.name === set) : undefined;
  const points = before ? [{ x: 0, pass: before.summary.pass_at_1, identical: before.summary.identical }] : [];
  let minutes = 0;
  for (const line of readFileSync(join(directory, 'metrics.jsonl'), 'utf8').split('\n').filter(Boolean)) {
    const metrics = JSON.parse(line);
    minutes += metrics['time/step_s'] / 60;
    const pass = metrics[`eval/${set}/pass_at_1`];
    if (pass === undefined) continue;
    points.push({ x: options.by === 'minutes' ? minutes : metrics.step, pass, identical: metrics[`eval/${set}/identical`] ?? null });
  }
  return points;
}

const series = runs.map((run) => {
  const [label, directory] = run.split('=');
  return { label, points: pointsOf(directory) };
});
const [width, height, left, right, top, bottom] = [760, 380, 56, 190, 20, 46];
const maxX = series.flatMap(({ points }) => points).reduce((most, { x }) => Math.max(most, x), 1);
const maxY = Math.min(1, Math.ceil(10 * series.flatMap(({ points }) => points).reduce((most, { pass }) => Math.max(most, pass), 0.1)) / 10);
const px = (x) => (left + (x / maxX) * (width - left - right)).toFixed(1);
const py = (y) => (height - bottom - (y / maxY) * (height - top - bottom)).toFixed(1);
const colors = ['#1b6ca8', '#c8553d', '#3a7d44', '#7b4b94', '#b8860b'];
const text = (x, y, content, anchor = 'start') =>
  `<text x="${x}" y="${y}" font-family="sans-serif" font-size="13" fill="#333" text-anchor="${anchor}">${content}</text>`;
const path = (points, key, color, dash) => {
  const drawn = points.filter((point) => point[key] !== null);
  if (drawn.length === 0) return '';
  const d = drawn.map((point, i) => `${i === 0 ? 'M' : 'L'}${px(point.x)} ${py(point[key])}`).join(' ');
  return `<path d="${d}" fill="none" stroke="${color}" stroke-width="2"${dash ? ' stroke-dasharray="5 4"' : ''}/>`;
};
const ticks = Array.from({ length: Math.round(maxY * 10) + 1 }, (_, i) => i / 10);
const svg = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
  `<rect width="${width}" height="${height}" fill="#fff"/>`,
  ...ticks.flatMap((y) => [
    `<line x1="${left}" x2="${width - right}" y1="${py(y)}" y2="${py(y)}" stroke="#ddd"/>`,
    text(left - 8, Number(py(y)) + 4, `${Math.round(100 * y)} %`, 'end'),
  ]),
  ...[0, 0.25, 0.5, 0.75, 1].map((share) => text(px(share * maxX), height - bottom + 20, `${Math.round(share * maxX)}`, 'middle')),
  text((left + width - right) / 2, height - 8, options.by === 'minutes' ? 'minutes of training' : 'training step', 'middle'),
  ...series.flatMap(({ label, points }, i) => {
    const color = colors[i % colors.length];
    const y = top + 14 + 44 * i;
    return [
      path(points, 'pass', color, false),
      path(points, 'identical', color, true),
      `<line x1="${width - right + 14}" x2="${width - right + 40}" y1="${y - 4}" y2="${y - 4}" stroke="${color}" stroke-width="2"/>`,
      text(width - right + 46, y, `${label}: pass@1`),
      `<line x1="${width - right + 14}" x2="${width - right + 40}" y1="${y + 14}" y2="${y + 14}" stroke="${color}" stroke-width="2" stroke-dasharray="5 4"/>`,
      text(width - right + 46, y + 18, 'identical model'),
    ];
  }),
  '</svg>',
];
writeFileSync(out, `${svg.join('\n')}\n`);
process.stdout.write(`${out}\n`);
