/** Files of examples/ that the command lines of the pages do not run: the notebook, and the program of a solver host. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { skipReason, startHost } from '../solver-host/environment.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'evom-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function canImport(python: string, modules: string): boolean {
  try {
    execFileSync(python, ['-I', '-c', `import ${modules}`], { stdio: 'pipe', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}

it('the program for a solver host gives what the README says', async (context) => {
  if (skipReason !== null) return context.skip(skipReason);
  const host = await startHost(['gurobipy']);
  try {
    const outcome = await host.execute({ dialect: 'gurobipy', code: readFileSync(join(root, 'examples/bakery.py'), 'utf8') });
    expect(outcome).toMatchObject({ status: 'optimal', objective: 260 });
  } finally {
    await host.close();
  }
}, 120_000);

it('the notebook reads what a run sampled', async (context) => {
  const python = process.env.EVOM_PYTHON;
  if (python === undefined || !canImport(python, 'pyarrow, pandas'))
    return context.skip('EVOM_PYTHON names no Python with pyarrow and datasets, which brings pandas');
  const few = '{type: generated, seed: 1, count: 4, wordings: held_out, difficulties: [1]}';
  const sets = [
    'run.name=example',
    'run.steps=1',
    'sampling.group_size=4',
    'algorithm.groups_per_step=2',
    `dataset.train=${few}`,
    'dataset.eval=[]',
  ];
  const io = fakeIo({ cwd: folder });
  const code = await main(['train', '--config', join(root, 'configs/quickstart.yaml'), ...sets.flatMap((set) => ['--set', set])], io);
  expect({ code, err: code === 0 ? '' : io.err() }).toEqual({ code: 0, err: '' });
  const { cells } = JSON.parse(readFileSync(join(root, 'examples/rollouts.ipynb'), 'utf8'));
  const sources = cells
    .filter((cell: { cell_type: string }) => cell.cell_type === 'code')
    .map((cell: { source: string[] }) => cell.source.join(''));
  const script = join(folder, 'cells.py');
  writeFileSync(script, `${sources.join('\n')}\nprint(len(rollouts))\n`);
  const { stdout } = await promisify(execFile)(python, ['-I', script], { env: { ...process.env, EVOM_RUN: join(folder, 'runs/example') } });
  expect(stdout.trim().split('\n').at(-1)).toBe('8');
}, 240_000);
