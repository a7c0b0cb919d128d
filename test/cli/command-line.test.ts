import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { EvomError } from '../../src/lib/errors.ts';
import { fakeIo } from './fake-io.ts';

// The work behind the verbs is tested where it lives; here only what the command line hands to it.
const work = vi.hoisted(() => ({
  runTrain: vi.fn(),
  runEvaluate: vi.fn(),
  runRollout: vi.fn(),
  runDataGenerate: vi.fn(),
  runDataCheck: vi.fn(),
}));
vi.mock('../../src/cli/commands/run-train.ts', () => ({ runTrain: work.runTrain }));
vi.mock('../../src/cli/commands/run-evaluate.ts', () => ({ runEvaluate: work.runEvaluate }));
vi.mock('../../src/cli/commands/run-rollout.ts', () => ({ runRollout: work.runRollout }));
vi.mock('../../src/cli/commands/run-data.ts', () => ({ runDataGenerate: work.runDataGenerate, runDataCheck: work.runDataCheck }));

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-cli-'));
  for (const folder of ['model', 'other']) mkdirSync(join(cwd, folder));
  writeFileSync(
    join(cwd, 'train.yaml'),
    'policy: { checkpoint: model }\ndataset: { train: { type: generated }, eval: [{ name: held_out, type: generated }] }\n',
  );
  writeFileSync(join(cwd, 'sft.yaml'), 'kind: sft\ndataset: { train: [{ type: generated }] }\n');
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
  for (const run of Object.values(work)) run.mockReset();
});

async function evom(...argv: string[]) {
  const io = fakeIo({ cwd });
  const code = await main(argv, io);
  return { code, out: io.out(), err: io.err() };
}
const handed = (run: ReturnType<typeof vi.fn>) => run.mock.calls[0]?.[0];

describe('evom solver-host', () => {
  it.each([
    ['a port that none can be', ['--port', '99999'], 2, 'E_USAGE --port 99999: give a whole number from 1 to 65535, or 0 for a free one'],
    ['a port in words', ['--port', 'http'], 2, 'E_USAGE --port NaN: give a whole number'],
    ['a licence that is not there', ['--licence', 'gurobi.lic'], 3, 'gurobi.lic: no such file or folder; check the path'],
  ])('refuses %s before it starts anything', async (_, argv, code, message) => {
    const found = await evom('solver-host', '--dialects', 'gurobipy', '--environment', 'nowhere', ...argv);
    expect(found).toEqual({ code, out: '', err: expect.stringContaining(message) });
  });
});

describe('evom', () => {
  it('prints its version and its help on stdout', async () => {
    expect(await evom('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
    const help = await evom('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const verb of ['train', 'sft', 'evaluate', 'rollout', 'verify', 'data', 'solve-model', 'schema', 'doctor'])
      expect(help.out).toContain(`evom ${verb} `);
    expect(help.out).toContain('Exit codes: 0 done, 1 fault, 2 usage, 3 bad configuration or data');
  });

  it.each(['train', 'sft', 'evaluate', 'rollout', 'verify', 'data', 'model', 'solve-model', 'schema', 'doctor'])(
    'explains %s with examples',
    async (verb) => {
      const { code, out } = await evom(verb, '--help');
      expect(code).toBe(0);
      expect(out).toContain({ data: 'evom data generate', model: 'evom model import' }[verb] ?? 'Examples:');
    },
  );

  it.each<[string, string[], RegExp]>([
    ['nothing', [], /which command\?/],
    ['a mistyped verb', ['trian'], /unknown command; did you mean train\?/],
    ['a mistyped option', ['train', '--confg', 'x'], /unknown option or argument: confg; did you mean --config\?/],
    ['an unknown argument', ['schema', 'extra'], /unknown option or argument: extra/],
    ['a missing configuration', ['train'], /--config is missing/],
    ['data without a verb of its own', ['data'], /evom data needs/],
    ['a resumed run without a name', ['train', '-c', 'train.yaml', '--resume'], /--resume needs to know the run/],
    ['an evaluation set that does not exist', ['rollout', '-c', 'train.yaml', '--from', 'nothing'], /it has held_out/],
    ['half a problem', ['rollout', '-c', 'train.yaml', '--problems', '0.5'], /--problems must be a whole number/],
  ])('ends with 2 for %s', async (_, argv, message) => {
    const { code, out, err } = await evom(...argv);
    expect(err).toMatch(message);
    expect(err).toMatch(/^E_USAGE /);
    expect(err).not.toMatch(/ {4}at /);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('ends with 3 for a configuration that is wrong, and shows where', async () => {
    const { code, err } = await evom('train', '-c', 'train.yaml', '--set', 'run.stepz=3');
    expect(code).toBe(3);
    expect(err).toBe('E_CONFIG --set run.stepz=3: run.stepz: unknown key; did you mean steps?\n');
  });

  it('ends with 3 for a configuration of another kind', async () => {
    expect(await evom('train', '-c', 'sft.yaml')).toMatchObject({
      code: 3,
      err: expect.stringContaining('takes kind train; try evom sft'),
    });
  });

  it.each([
    ['E_GUARD', 4],
    ['E_INTERRUPTED', 130],
    ['E_RUN', 3],
    ['E_SETUP', 3],
    ['E_LEARNER', 1],
    ['E_DATA', 3],
  ] as const)('ends %s with %i, without a stack', async (code, exitCode) => {
    work.runTrain.mockRejectedValueOnce(new EvomError(code, 'what happened'));
    const result = await evom('train', '-c', 'train.yaml', '--json');
    expect(result).toEqual({
      code: exitCode,
      out: `${JSON.stringify({ error: { code, message: 'what happened' } })}\n`,
      err: expect.stringMatching(/what happened\n$/),
    });
  });

  it('shows the stack of a fault that is ours', async () => {
    work.runTrain.mockRejectedValueOnce(new TypeError('undefined is not a function'));
    const { code, err } = await evom('train', '-c', 'train.yaml');
    expect(code).toBe(1);
    expect(err).toMatch(/^E_INTERNAL undefined is not a function\n/);
    expect(err).toMatch(/ {4}at /);
  });
});

describe('evom train', () => {
  it('hands over the settled configuration and where it came from', async () => {
    expect(await evom('train', '-c', 'train.yaml', '--set', 'run.steps=3', '--set', 'backend=glpk', '--json')).toEqual({
      code: 0,
      out: '',
      err: '',
    });
    expect(handed(work.runTrain)).toMatchObject({
      config: { run: { steps: 3 }, backend: 'glpk', dialect: [{ name: 'glpk-js' }], policy: { checkpoint: join(cwd, 'model') } },
      source: { path: join(cwd, 'train.yaml'), overrides: ['--set run.steps=3', '--set backend=glpk'] },
      json: true,
      quiet: false,
      resume: false,
    });
  });

  it('starts from --init-from, and names the flag when there is nothing', async () => {
    await evom('train', '-c', 'train.yaml', '--init-from', 'other');
    expect(handed(work.runTrain).config.policy.checkpoint).toBe(join(cwd, 'other'));
    const { err } = await evom('train', '-c', 'train.yaml', '--init-from', 'gone');
    expect(err).toMatch(/^E_CONFIG --init-from gone: policy\.checkpoint: no file or folder gone/);
  });

  it.each([
    ['train', 'train.yaml'],
    ['sft', 'sft.yaml'],
    ['evaluate', 'train.yaml'],
    ['rollout', 'train.yaml'],
  ])('%s has the common flags for the policy and how it is asked', async (verb, file) => {
    const flags = [
      '--checkpoint',
      'other',
      '--prompt',
      'instruct',
      '--max-tokens',
      '77',
      '--host',
      'http://a:1,http://b:2',
      '--host',
      'http://c:3',
    ];
    expect(await evom(verb, '-c', file, ...flags)).toMatchObject({ code: 0, err: '' });
    const { config } = handed(
      { train: work.runTrain, sft: work.runTrain, evaluate: work.runEvaluate, rollout: work.runRollout }[verb] as never,
    );
    const path = join(cwd, 'other');
    expect(config).toMatchObject({
      ...(verb === 'sft' ? { model: { type: 'checkpoint', path } } : { policy: { checkpoint: path } }),
      prompt: { template: 'instruct' },
      sampling: { max_tokens: 77 },
      solver_hosts: { urls: ['http://a:1', 'http://b:2', 'http://c:3'] },
    });
  });

  it('takes --samples for the size of a group', async () => {
    await evom('train', '-c', 'train.yaml', '--samples', '3');
    await evom('rollout', '-c', 'train.yaml', '--samples', '5');
    expect(handed(work.runTrain).config.sampling.group_size).toBe(3);
    expect(handed(work.runRollout).config.sampling.group_size).toBe(5);
  });

  it('refuses a flag of no use with its own name', async () => {
    expect(await evom('train', '-c', 'train.yaml', '--host', 'here')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--host: "here"'),
    });
    expect(await evom('train', '-c', 'train.yaml', '--max-tokens', '0')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--max-tokens'),
    });
    expect(await evom('evaluate', '-c', 'train.yaml', '--prompt', 'nice')).toMatchObject({ code: 2 });
  });

  it('shortens the warm-up of a file for a short run, with a note', async () => {
    writeFileSync(
      join(cwd, 'warm.yaml'),
      'policy: { checkpoint: model }\ndataset: { train: { type: generated } }\nschedule: { warmup_steps: 20 }\n',
    );
    const { code, err } = await evom('train', '-c', 'warm.yaml', '--set', 'run.steps=3');
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^note {2}run.steps=3 is shorter than the warm-up of 20 steps/) });
    expect(handed(work.runTrain).config.schedule).toMatchObject({ warmup_steps: 1, total: 3 });
    const both = await evom('train', '-c', 'warm.yaml', '--set', 'run.steps=3', '--set', 'schedule.warmup_steps=5');
    expect(both).toMatchObject({ code: 3, err: expect.stringContaining('the warm-up would never end') });
  });

  it('resumes the run that the configuration names', async () => {
    await evom('train', '-c', 'train.yaml', '--set', 'run.name=mine', '--resume');
    expect(handed(work.runTrain)).toMatchObject({ resume: true, config: { run: { dir: 'runs', name: 'mine' } } });
  });

  it('resumes a directory with the configuration in it', async () => {
    mkdirSync(join(cwd, 'runs/first'), { recursive: true });
    writeFileSync(
      join(cwd, 'runs/first/config.resolved.yaml'),
      'policy: { checkpoint: model }\ndataset: { train: { type: generated } }\nrun: { seed: 9 }\n',
    );
    await evom('train', '--resume', 'runs/first');
    expect(handed(work.runTrain)).toMatchObject({ resume: true, config: { run: { dir: join(cwd, 'runs'), name: 'first', seed: 9 } } });
    expect(await evom('train', '--resume', 'runs/second')).toMatchObject({
      code: 3,
      err: expect.stringContaining('is not a run directory'),
    });
  });
});

describe('evom sft', () => {
  it('turns --init-from into a model that is loaded', async () => {
    await evom('sft', '-c', 'sft.yaml', '--init-from', 'other');
    expect(handed(work.runTrain).config.model).toEqual({ type: 'checkpoint', path: join(cwd, 'other') });
  });
});

describe('evom evaluate', () => {
  it('takes the sets of the configuration, or a file of problems', async () => {
    await evom('evaluate', '-c', 'train.yaml', '--samples', '4');
    expect(handed(work.runEvaluate)).toMatchObject({ config: { dataset: { eval: [{ name: 'held_out', samples: 4 }] } }, out: null });
    work.runEvaluate.mockReset();
    writeFileSync(join(cwd, 'My Problems.jsonl'), '');
    await evom('evaluate', '-c', 'train.yaml', '--dataset', 'My Problems.jsonl', '--greedy', '--out', 'scores.jsonl');
    expect(handed(work.runEvaluate).config.dataset.eval).toMatchObject([
      { name: 'my-problems', path: join(cwd, 'My Problems.jsonl'), greedy: true },
    ]);
    expect(handed(work.runEvaluate).out).toBe('scores.jsonl');
  });

  it('needs something to evaluate on', async () => {
    writeFileSync(join(cwd, 'bare.yaml'), 'policy: { checkpoint: model }\ndataset: { train: { type: generated } }\n');
    expect(await evom('evaluate', '-c', 'bare.yaml')).toMatchObject({ code: 3, err: expect.stringContaining('dataset.eval is empty') });
  });
});

describe('evom data', () => {
  it('generates what its flags describe', async () => {
    await evom('data', 'generate', '-n', '5', '--families', 'diet,knapsack', '--difficulties', '3', '--out', 'p.jsonl');
    expect(handed(work.runDataGenerate)).toMatchObject({
      dataset: { type: 'generated', count: 5, families: ['diet', 'knapsack'], difficulties: [3], split: 'train' },
      out: 'p.jsonl',
    });
  });

  it('names every flag that it does not understand', async () => {
    const { code, err } = await evom('data', 'generate', '--count', 'many', '--wordings', 'sen');
    expect(code).toBe(2);
    expect(err).toContain('--count many: count: must be a number, not "many"');
    expect(err).toContain('--wordings sen: wordings: must be one of seen, held_out, any, not "sen"; did you mean seen?');
  });

  it('checks files', async () => {
    await evom('data', 'check', 'a.jsonl', 'b.jsonl');
    expect(handed(work.runDataCheck).files).toEqual(['a.jsonl', 'b.jsonl']);
  });
});

describe('Ctrl-C', () => {
  it('asks the work to finish, and the second ends the process', async () => {
    const io = fakeIo({ cwd });
    work.runTrain.mockImplementationOnce(async ({ signal }: { signal: AbortSignal }) => {
      expect(signal.aborted).toBe(false);
      io.interrupt();
      expect(signal.aborted).toBe(true);
      expect(io.exits).toEqual([]);
      io.interrupt();
      expect(io.exits).toEqual([130]);
      throw new EvomError('E_INTERRUPTED', 'stopped after step 3; go on with --resume');
    });
    expect(await main(['train', '-c', 'train.yaml'], io)).toBe(130);
    expect(io.err()).toMatch(/Stopping after this step[\s\S]*stopped after step 3/);
    io.interrupt();
    expect(io.exits).toEqual([130]);
  });

  it('speaks of a checkpoint only where one is written', async () => {
    const io = fakeIo({ cwd });
    work.runRollout.mockImplementationOnce(async ({ signal }: { signal: AbortSignal }) => {
      io.interrupt();
      signal.throwIfAborted();
    });
    expect(await main(['rollout', '-c', 'train.yaml'], io)).toBe(130);
    expect(io.err()).toMatch(/^\nStopping; Ctrl-C again stops at once\.\nE_INTERRUPTED /);
  });

  it('ends a command that has nothing to finish as it ends any process', async () => {
    const io = fakeIo({ cwd });
    work.runDataCheck.mockImplementationOnce(async ({ signal }: { signal: AbortSignal }) => {
      io.interrupt();
      expect(signal.aborted).toBe(false);
    });
    expect(await main(['data', 'check', 'a.jsonl'], io)).toBe(0);
    expect(io.err()).toBe('');
  });
});

describe('a flag whose value is wrong', () => {
  it.each<[string, string[], number, RegExp]>([
    ['a flag of the command', ['--backend', 'cplex'], 2, /^E_USAGE --backend cplex: backend: must be highs, glpk/],
    ['--set', ['--set', 'backend=cplex'], 3, /^E_CONFIG --set backend=cplex: backend: must be highs, glpk/],
    ['a folder that is not there', ['--checkpoint', 'nowhere'], 3, /^E_CONFIG --checkpoint nowhere: policy\.checkpoint: no file or folder/],
  ])('%s', async (_, argv, exitCode, message) => {
    const { code, err } = await evom('evaluate', '-c', 'train.yaml', ...argv);
    expect(err).toMatch(message);
    expect(code).toBe(exitCode);
  });
});

describe('evom model import', () => {
  it('takes a path as typed, and says what is wrong with the file', async () => {
    const { code, err } = await evom('model', 'import', 'absent.gguf', '--out', 'model');
    expect([code, err]).toEqual([3, expect.stringMatching(/E_CHECKPOINT.*absent[.]gguf cannot be opened/)]);
    expect((await evom('model', 'import', 'x.gguf')).err).toMatch(/out/);
    expect((await evom('model')).err).toMatch(/evom model import/);
  });
});

describe('evom schema', () => {
  it('prints JSON Schema and nothing else', async () => {
    const { code, out, err } = await evom('schema');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      oneOf: [{ title: 'kind: train' }, { title: 'kind: sft' }],
    });
  });
});

describe('evom doctor', () => {
  it('solves, computes and reports as JSON', async () => {
    const { code, out } = await evom('doctor', '--json', '--checkpoint', basename(cwd));
    const report = JSON.parse(out) as { ok: boolean; checks: { name: string; status: string; detail: string }[] };
    const status = Object.fromEntries(report.checks.map((check) => [check.name, check.status]));
    expect(status).toMatchObject({ node: 'ok', build: 'ok', highs: 'ok', onnxruntime: 'ok', checkpoint: 'missing' });
    expect({ code, ok: report.ok }).toEqual({ code: 0, ok: true });
  });

  it('ends with 1 when a checkpoint cannot be read', async () => {
    const { code, out } = await evom('doctor', '--checkpoint', 'model');
    expect(code).toBe(1);
    expect(out).toMatch(/^checkpoint +fault +/m);
  });
});

describe('a flag that is given twice', () => {
  it.each([
    ['evaluate', '--dataset', 'a', '--dataset', 'b'],
    ['portfolio', 'experiment', '--dataset', 'a', '--sizes', '2', '--sizes', '3'],
    ['train', '-c', 'train.yaml', '--config', 'train.yaml'],
  ])('is refused by name: %s %s', async (...argv) => {
    const io = fakeIo({ cwd });
    expect(await main(argv, io)).toBe(2);
    expect(io.err()).toMatch(/^E_USAGE --\w+ is given 2 times; this verb takes one/);
  });

  it('is taken where the verb takes several', async () => {
    await main(['train', '--config', 'train.yaml', '--set', 'run.steps=1', '--set', 'run.seed=2'], fakeIo({ cwd }));
    expect(work.runTrain.mock.calls.at(-1)?.[0].config.run).toMatchObject({ steps: 1, seed: 2 });
  });
});
