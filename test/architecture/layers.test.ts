/** The rules of .dependency-cruiser.cjs: src/ keeps them, and each of them catches the fault it is there for. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);
const config = require('../../.dependency-cruiser.cjs') as { forbidden: { name: string; comment: string }[] };

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

/** Violations of the rules in the `src/` below a folder. */
async function violationsIn(folder: string): Promise<Violation[]> {
  const bin = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [bin, 'src', '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json'];
  const run = promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 1 << 28 });
  // It exits with the number of violations; the report is on stdout either way.
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  const report = JSON.parse(stdout) as { summary: { violations: Violation[] } };
  return report.summary.violations;
}

/** A file that breaks the rule of that name, and what else must exist for it. */
const faults: Record<string, { file: string; text: string }> = {
  'no-circular': { file: 'core/cycle-a.ts', text: "import './cycle-b.ts';" },
  'every-folder-has-a-layer': { file: 'newroom/x.ts', text: "import '../core/target.ts';" },
  'nothing-imports-a-door': { file: 'cli/wants-a-door.ts', text: "import '../rl/index.ts';" },
  'everything-resolves': { file: 'core/unresolved.ts', text: "import './gone.ts';" },
  'src-not-to-test': { file: 'core/wants-test.ts', text: "import '../../test/target.ts';" },
  'only-build-names-concrete-classes': { file: 'train/wants-highs.ts', text: "import { x } from '../solvers/highs.ts';\nx;" },
  'files-are-read-and-written-in-few-places': { file: 'rl/reads.ts', text: "import { readFileSync } from 'node:fs';\nreadFileSync;" },
  'one-http-client-and-one-server': { file: 'report/serves.ts', text: "import { createServer } from 'node:http';\ncreateServer;" },
  'no-orphans': { file: 'core/lonely.ts', text: 'export const lonely = 1;' },
  'layer-lib': { file: 'lib/up.ts', text: "import '../core/target.ts';" },
  'layer-core': { file: 'core/up.ts', text: "import '../rl/target.ts';" },
  'layer-rl': { file: 'rl/sideways.ts', text: "import '../reward/target.ts';" },
  'layer-reward': { file: 'reward/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-problems': { file: 'problems/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-dialects': { file: 'dialects/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-solvers': { file: 'solvers/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-modeling': { file: 'modeling/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-sandbox': { file: 'sandbox/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-batch': { file: 'batch/sideways.ts', text: "import type { T } from '../rl/target.ts';\nexport type U = T;" },
  'layer-runs': { file: 'runs/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-checkpoint': { file: 'checkpoint/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-tokenizer': { file: 'tokenizer/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-policy': { file: 'policy/sideways.ts', text: "await import('../rl/target.ts');" },
  'layer-trackers': { file: 'trackers/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-decode': { file: 'decode/sideways.ts', text: "import '../rl/target.ts';" },
  'layer-verify': { file: 'verify/sideways.ts', text: "import '../servers/target.ts';" },
  'layer-benchmarks': { file: 'benchmarks/sideways.ts', text: "import '../verify/target.ts';" },
  'layer-embedded': { file: 'embedded/sideways.ts', text: "import '../servers/target.ts';" },
  'layer-servers': { file: 'servers/sideways.ts', text: "import '../embedded/target.ts';" },
  'layer-gguf': { file: 'gguf/sideways.ts', text: "import '../servers/target.ts';" },
  'layer-solver-host': { file: 'solver-host/sideways.ts', text: "import '../rollout/target.ts';" },
  'layer-rollout': { file: 'rollout/up.ts', text: "import '../train/target.ts';" },
  'layer-solve': { file: 'solve/sideways.ts', text: "import '../rollout/target.ts';" },
  'layer-train': { file: 'train/up.ts', text: "import '../config/target.ts';" },
  'layer-evaluate': { file: 'evaluate/up.ts', text: "import '../train/target.ts';" },
  'layer-config': { file: 'config/up.ts', text: "import '../cli/target.ts';" },
  'layer-report': { file: 'report/sideways.ts', text: "import '../run/target.ts';" },
  'layer-run': { file: 'run/up.ts', text: "import '../cli/target.ts';" },
  'layer-testing': { file: 'testing/sideways.ts', text: "import '../cli/target.ts';" },
  'layer-serve': { file: 'serve/sideways.ts', text: "import '../run/target.ts';" },
  'layer-cli': { file: 'cli/wants-newroom.ts', text: "import '../newroom/x.ts';" },
  'one-door-highs': { file: 'core/d1.ts', text: "import 'highs';" },
  'one-door-glpk.js': { file: 'solvers/highs-extra.ts', text: "import 'glpk.js/node';" },
  'one-door-p-map': { file: 'core/d15.ts', text: "await import('p-map');" },
  'one-door-piscina': { file: 'core/d2.ts', text: "import 'piscina';" },
  'one-door-quickjs-emscripten-core': { file: 'core/d3.ts', text: "import 'quickjs-emscripten-core';" },
  'one-door-@jitl/quickjs-wasmfile-release-sync': { file: 'core/d4.ts', text: "import '@jitl/quickjs-wasmfile-release-sync';" },
  'one-door-apache-arrow': { file: 'runs/d5.ts', text: "import 'apache-arrow';" },
  'one-door-hyparquet': { file: 'batch/d12.ts', text: "await import('hyparquet');" },
  'one-door-hyparquet-compressors': { file: 'problems/d13.ts', text: "await import('hyparquet-compressors');" },
  'one-door-onnxruntime-node': { file: 'policy/d6.ts', text: "await import('onnxruntime-node');" },
  'one-door-@huggingface': { file: 'rl/d7.ts', text: "import '@huggingface/jinja';" },
  'one-door-yargs': { file: 'config/d8.ts', text: "import 'yargs';" },
  'one-door-picocolors': { file: 'train/d9.ts', text: "import 'picocolors';" },
  'one-door-undici': { file: 'servers/d16.ts', text: "await import('undici');" },
  'one-door-ws': { file: 'serve/d14.ts', text: "import 'ws';" },
  'one-door-yaml': { file: 'cli/d10.ts', text: "import 'yaml';" },
  'one-door-yauzl': { file: 'checkpoint/d12.ts', text: "import 'yauzl';" },
  'one-door-vitest': { file: 'core/d14.ts', text: "import 'vitest';" },
  'one-door-zod': { file: 'core/d11.ts', text: "import 'zod';" },
};

/** What the faults import, and files that use a door as they may. */
const bystanders: Record<string, string> = {
  'core/cycle-b.ts': "import './cycle-a.ts';",
  'solvers/highs.ts': "import 'highs';\nexport const x = 1;",
  'solvers/glpk.ts': "import 'glpk.js/node';\nimport '../core/target.ts';",
  'embedded/nn/session.ts': "await import('onnxruntime-node');",
  'config/load.ts': "import 'yaml';\nimport 'zod';",
  'config/build/build.ts': "import '../../solvers/highs.ts';",
  'rl/index.ts': "export * from './target.ts';",
  'index.ts': "export * from './core/target.ts';\nexport * from './rl/index.ts';",
};

describe('the layers', () => {
  let project: string;
  let found: Violation[];

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), 'evom-layers-'));
    const put = (file: string, text: string) => {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), `${text}\n`);
    };
    const rooms = Object.keys(faults).flatMap((name) => (name.startsWith('layer-') ? [name.slice('layer-'.length)] : []));
    for (const room of rooms) put(`src/${room}/target.ts`, 'export type T = 1;');
    for (const [file, text] of Object.entries(bystanders)) put(`src/${file}`, text);
    for (const { file, text } of Object.values(faults)) put(`src/${file}`, text);
    put('test/target.ts', 'export const t = 1;');
    cpSync(join(root, 'tsconfig.json'), join(project, 'tsconfig.json'));
    symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
    found = await violationsIn(project);
  });

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('have a fault for every rule', () => {
    expect(Object.keys(faults).toSorted()).toEqual(config.forbidden.map((rule) => rule.name).toSorted());
  });

  it.each(Object.entries(faults))('%s catches its fault', (name, { file }) => {
    expect(found.filter((violation) => violation.from === `src/${file}`).map((violation) => violation.rule.name)).toContain(name);
  });

  it.each(['solvers/glpk.ts', 'solvers/highs.ts', 'embedded/nn/session.ts', 'config/build/build.ts', 'rl/index.ts', 'index.ts'])(
    'let %s do what it is there for',
    (file) => {
      expect(found.filter((violation) => violation.from === `src/${file}`)).toEqual([]);
    },
  );

  it('cover every folder of src/', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) expect(faults).toHaveProperty(`layer-${name}`);
  });

  it('are the ones that ARCHITECTURE.md draws', () => {
    const rows = [...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| \d+ \| ((?:`[a-z-]+` ?)+)\|/gm)];
    const drawn = rows.map((row) => [...(row[1] ?? '').matchAll(/[a-z-]+/g)].map(([name]) => name));
    const below = (level: number) => drawn.slice(0, level).flat().join(', ') || 'nothing else';
    const comments = Object.fromEntries(config.forbidden.map((rule) => [rule.name, rule.comment]));
    expect(drawn.flat().length).toBeGreaterThan(10);
    for (const [level, names] of drawn.entries()) {
      for (const name of names) expect(comments[`layer-${name}`]).toContain(`${name}/ may import ${below(level)};`);
    }
  });

  it('are kept by src/', async () => {
    const violations = await violationsIn(root);
    expect(violations.map(({ from, rule }) => `${rule.name}: ${from}`)).toEqual([]);
  });
});
