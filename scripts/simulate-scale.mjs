/**
 * What a training step does on 8 to 512 GPUs with 1 to 1,000 solver hosts, by simulation. Needs `npm run build`. Seeded: the same line
 * prints the same figures.
 *
 *   node scripts/simulate-scale.mjs [--seed 1] [--gpus 8,64,512] [--hosts 1,10,100,1000] [--works 0.0098,1] [--licences 64] [--json]
 *
 * `--works`: mean processor seconds of a program; small linear programs take 0.01, integer programs of published benchmarks up to some
 * seconds. What is assumed, prices too, is in scripts/simulate-scale/assumptions.mjs; docs/lab/scale.md reads the figures.
 */
import { parseArgs } from 'node:util';
import { simulateStep } from './simulate-scale/step.mjs';

const { values: args } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    gpus: { type: 'string', default: '8,64,512' },
    hosts: { type: 'string', default: '1,10,100,1000' },
    works: { type: 'string', default: '0.0098,1' },
    licences: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const numbers = (text) => text.split(',').map(Number);

const rows = numbers(args.works).flatMap((works) =>
  numbers(args.gpus).flatMap((gpus) =>
    numbers(args.hosts).map((hosts) => ({
      works,
      // More GPUs are there for more groups a step: as many a GPU as eight have.
      ...simulateStep({
        ...{ gpus, hosts, works, batchFactor: gpus / 8, seed: Number(args.seed) },
        ...(args.licences === undefined ? {} : { licences: Number(args.licences) }),
      }),
    })),
  ),
);

if (args.json) console.log(JSON.stringify(rows));
else {
  const head = [
    'works',
    'GPUs',
    'hosts',
    'programs',
    'sampling',
    'verifying',
    'learning',
    'weights',
    'step',
    'programs/s',
    'wait p95',
    'slots',
    'trainer',
    'TB read',
    '$ a step',
    'longest',
  ];
  console.log(`| ${head.join(' | ')} |\n|${head.map(() => '---').join('|')}|`);
  for (const { works, gpus, hosts, programs, parts, seconds, programsPerSecond, wait, busy, bytes, dollars, longest } of rows) {
    const shown = [
      ...[works, gpus, hosts, programs],
      ...[parts.sampling, parts.verifying, parts.learning, parts.weights, seconds, programsPerSecond].map((value) => value.toFixed(1)),
      ...[wait.p95.toFixed(1), percent(busy.slots), percent(busy.client), (bytes.weights / 1e12).toFixed(2), dollars.toFixed(2), longest],
    ];
    console.log(`| ${shown.join(' | ')} |`);
  }
}

function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
