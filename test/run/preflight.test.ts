/** What keeps a run from starting is found before anything is written, by a dry run and by the start alike. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { loadConfig } from '../../src/config/load/load.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { lookAhead, openRun } from '../../src/run/open-run.ts';
import { fakeIo } from '../cli/fake-io.ts';

const tiny = fileURLToPath(new URL('../../checkpoints/tiny', import.meta.url));

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-preflight-'));
  problems('train.jsonl', ['How much fits in 4?', 'How much fits in 5?']);
  problems('eval.jsonl', ['And what fits in 6?']);
  writeFileSync(join(cwd, 'run.yaml'), yaml);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const yaml = `run: { name: mine, dir: made/here, steps: 1 }
policy: { checkpoint: ${tiny}, threads: 1 }
sampling: { group_size: 2, max_tokens: 16 }
dataset:
  train: { type: jsonl, path: train.jsonl }
  eval: [{ name: held, type: jsonl, path: eval.jsonl }]
algorithm: { estimator: grpo, groups_per_step: 2 }
learner: { threads: 1 }
sandbox: { workers: 1 }
`;

function problems(file: string, questions: readonly string[]): void {
  writeFileSync(
    join(cwd, file),
    questions.map((question, i) => `${JSON.stringify({ id: `${file}-${i}`, question, answer: 3 })}\n`).join(''),
  );
}

/** A copy of the tiny checkpoint, changed. */
function damaged(change: (folder: string) => void): string {
  const folder = join(cwd, 'model');
  cpSync(tiny, folder, { recursive: true });
  rmSync(join(folder, 'manifest.json'), { force: true });
  change(folder);
  return 'policy.checkpoint=model';
}

async function dryRun(...overrides: string[]) {
  const io = fakeIo({ cwd });
  const code = await main(['train', '-c', 'run.yaml', ...overrides.flatMap((one) => ['--set', one]), '--dry-run', '--json'], io);
  const { checks, can_start: canStart } = JSON.parse(io.out()) as {
    checks: { name: string; status: string; detail: string }[];
    can_start: boolean;
  };
  const faults = checks.filter(({ status }) => status === 'fault').map(({ name, detail }) => `${name}: ${detail}`);
  return { code, canStart, checks, faults };
}

/** Starts a run that cannot start; what it threw, and what it left behind. */
async function start(...overrides: string[]) {
  const { config, source } = loadConfig('run.yaml', { cwd, overrides });
  const error = await openRun(config, { cwd, source }).then(
    async (run) => {
      await run.close();
      return null;
    },
    (error: unknown) => error as { code: string; message: string },
  );
  return { error, left: existsSync(join(cwd, 'made')) };
}

describe('a run that could start', () => {
  it('is found without a fault, and a dry run writes nothing', async () => {
    const before = readdirSync(cwd);
    const { code, canStart, faults, checks } = await dryRun();
    expect({ code, canStart, faults }).toEqual({ code: 0, canStart: true, faults: [] });
    expect(checks.map(({ name }) => name)).toEqual([
      'run directory',
      'checkpoint',
      'backend',
      'memory',
      'disk',
      'dataset.train',
      'dataset.eval.held',
      'disjoint',
    ]);
    expect(checks.find(({ name }) => name === 'memory')?.detail).toMatch(/^the run needs about 0\.[3-9]\d* GiB/);
    expect(readdirSync(cwd)).toEqual(before);
  });

  it('is listed by doctor --config as by a dry run', async () => {
    const io = fakeIo({ cwd });
    expect(await main(['doctor', '--config', 'run.yaml', '--json'], io)).toBe(0);
    const listed = (JSON.parse(io.out()) as { checks: { name: string }[] }).checks.map(({ name }) => name);
    expect(listed).toEqual(expect.arrayContaining((await dryRun()).checks.map(({ name }) => name)));
    expect(listed).toContain('highs');
  });
});

describe('a run that cannot start', () => {
  const shards = (folder: string) => join(folder, 'model.safetensors');
  it.each<[string, () => string[], string, RegExp]>([
    [
      'cut-off weights',
      () => [damaged((at) => writeFileSync(shards(at), readFileSync(shards(at)).subarray(0, -100)))],
      'E_CHECKPOINT',
      /checkpoint: .*its tensors need \d+ bytes/,
    ],
    ['no weights', () => [damaged((at) => rmSync(shards(at)))], 'E_CHECKPOINT', /checkpoint: .*holds neither/],
    ['no tokenizer', () => [damaged((at) => rmSync(join(at, 'tokenizer.json')))], 'E_CHECKPOINT', /checkpoint: .*tokenizer/],
    [
      'weights of another model',
      () => [
        damaged((at) =>
          writeFileSync(
            join(at, 'config.json'),
            readFileSync(join(at, 'config.json'), 'utf8').replace(/"num_hidden_layers": \d+/, '"num_hidden_layers": 9'),
          ),
        ),
      ],
      'E_CHECKPOINT',
      /checkpoint: .* lacks the weight model\.layers/,
    ],
    [
      'a sampler that rounds, uncorrected',
      () => ['policy.precision=int8'],
      'E_CONFIG',
      /policy\.precision: int8 samples from weights that are rounded.*set algorithm\.sampler_correction=/,
    ],
    [
      'a sampler that rounds, whose ratio and clip stay as they are',
      () => ['policy.precision=int8', 'algorithm.sampler_correction={type: off_policy_mask, threshold: 0.1}'],
      'E_CONFIG',
      /policy\.precision: int8 samples from weights that are rounded/,
    ],
    ['an empty training file', () => [writeEmpty('train.jsonl')], 'E_DATA', /dataset\.train: .*holds no problem/],
    ['an empty evaluation file', () => [writeEmpty('eval.jsonl')], 'E_DATA', /dataset\.eval\.held: .*holds no problem/],
    [
      'the same file twice',
      () => ['dataset.eval.0.path=train.jsonl'],
      'E_DATA',
      /disjoint: dataset\.eval\.held shares 2 of its 2 problems/,
    ],
    ['one text on both sides', () => [both()], 'E_DATA', /disjoint: .* shares 1 of its 1 problems .*train\.jsonl-1 of dataset\.train/],
    [
      'a solver host that is away',
      () => ['backend=gurobi', 'solver_hosts.urls=["http://127.0.0.1:9"]'],
      'E_CONFIG',
      /solver hosts: no solver host answers at http:\/\/127\.0\.0\.1:9/,
    ],
    [
      'solver hosts that nobody names',
      () => [writeEmpty('train.txt'), 'backend=gurobi', 'solver_hosts.discover={from: "file:train.txt", wait_s: 0.5}'],
      'E_CONFIG',
      /solver hosts file:.*train\.txt: no solver host from file:.* within 0\.5 s, and a run needs them: it names none/,
    ],
    [
      'a bad line among model servers',
      () => {
        writeFileSync(join(cwd, 'gpus.txt'), 'http://a:1\nnonsense\n');
        return ['policy.type=openai', 'policy.openai.discover=file:gpus.txt'];
      },
      'E_CONFIG',
      /vllm servers file:.*gpus\.txt: .*gpus\.txt:2: "nonsense" is not an address/,
    ],
    [
      'model servers that are away',
      () => {
        writeFileSync(join(cwd, 'gpus.txt'), 'http://127.0.0.1:9\n');
        return ['policy.type=openai', 'policy.openai.discover={from: "file:gpus.txt", wait_s: 0.5}'];
      },
      'E_SETUP',
      /vllm servers file:.*gpus\.txt: http:\/\/127\.0\.0\.1:9 .*nothing listens on this port/,
    ],
    ['no torch', () => ['learner.type=torch', 'optimizer.type=adamw', 'learner.torch.python=./no-python'], 'E_SETUP', /torch: .*no-python/],
    [
      'a model server that is away',
      () => ['policy.type=openai', 'policy.openai.servers=["http://127.0.0.1:9"]'],
      'E_SETUP',
      /vllm http:\/\/127\.0\.0\.1:9: .*nothing listens on this port/,
    ],
    ['a step larger than the machine', () => ['sampling.group_size=100000000'], 'E_SETUP', /memory: .*this machine has/],
    ['a folder in the way', () => ['run.dir=train.jsonl'], 'E_RUN', /run directory: .*is a file/],
    ['a module that is none', () => [own('export const nothing = 1;')], 'E_CONFIG', /policy\.type: .*no default export/],
  ])('says so of %s, before anything is written', { timeout: 60_000 }, async (_, prepare, code, message) => {
    const overrides = prepare();
    const { error, left } = await start(...overrides);
    expect(error?.message).toMatch(message);
    expect({ code: error?.code, left }).toEqual({ code, left: false });
    const dry = await dryRun(...overrides);
    expect({ code: dry.code, canStart: dry.canStart }).toEqual({ code: 3, canStart: false });
    expect(dry.faults.join('\n')).toMatch(message);
  });

  it('names all that is missing at once', async () => {
    writeEmpty('train.jsonl');
    const { error } = await start('backend=gurobi', 'solver_hosts.urls=["http://127.0.0.1:9"]');
    expect(error).toMatchObject({
      code: 'E_SETUP',
      message: expect.stringMatching(/^the run cannot start:\n {2}solver hosts: .*\n {2}dataset\.train: /),
    });
  });

  it('ends with 3 under doctor --config', async () => {
    writeEmpty('eval.jsonl');
    const io = fakeIo({ cwd });
    expect(await main(['doctor', '--config', 'run.yaml'], io)).toBe(3);
    expect(io.out()).toMatch(/^dataset\.eval\.held +fault/m);
  });

  it('looks at model servers that are looked up one by one, and whether they are alike', async () => {
    const serve = async (version: string, id: string): Promise<Server> => {
      const server = createServer((request, response) => {
        if (request.url === '/version') return void response.end(JSON.stringify({ version }));
        if (request.url === '/v1/models') return void response.end(JSON.stringify({ data: [{ id, parent: null, max_model_len: 512 }] }));
        response.end();
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    };
    const servers = [await serve('0.32.0', 'm'), await serve('0.31.1', 'm')];
    const [one, two] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const look = async (...lines: (string | undefined)[]) => {
      writeFileSync(join(cwd, 'gpus.txt'), `${lines.join('\n')}\n`);
      const found = await dryRun('policy.type=openai', 'policy.openai.model=m', 'policy.openai.discover=file:gpus.txt');
      return found.checks.find(({ name }) => name.startsWith('vllm servers file:'));
    };
    expect(await look(one)).toMatchObject({ status: 'ok', detail: `1 of 1: ${one} answers, version 0.32.0` });
    expect(await look(one, 'http://127.0.0.1:9')).toMatchObject({
      status: 'warning',
      detail: expect.stringMatching(/^1 of 2: .*nothing listens/),
    });
    expect(await look(one, two)).toMatchObject({
      status: 'fault',
      detail: `${two} runs vllm 0.31.1 and ${one} runs vllm 0.32.0; install the same release on both`,
    });
    for (const server of servers) server.close();
  });

  it('is told from another program on a solver host’s port', async () => {
    const server = createServer((_, response) => void response.end('{"hello": "world"}')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { checks, code } = await dryRun('backend=gurobi', `solver_hosts.urls=["${url}"]`);
    server.close();
    expect(checks.find(({ name }) => name === `solver host ${url}`)?.detail).toMatch(
      /is not a solver host; another program listens on this port/,
    );
    expect(code).toBe(3);
  });

  const writeEmpty = (file: string): string => {
    writeFileSync(join(cwd, file), '');
    return 'run.seed=0';
  };
  const both = (): string => {
    problems('eval.jsonl', ['how much fits in  5 ?']);
    return 'run.seed=0';
  };
  const own = (text: string): string => {
    writeFileSync(join(cwd, 'own.js'), text);
    return 'policy.type=./own.js';
  };
});

describe('a run directory', () => {
  const begun = (): void => {
    mkdirSync(join(cwd, 'made/here/mine/steps/000001'), { recursive: true });
    writeFileSync(join(cwd, 'made/here/mine/config.resolved.yaml'), 'seed: 1\n');
  };
  it('that holds a run keeps it, in a dry run too', async () => {
    begun();
    expect((await start()).error).toMatchObject({ code: 'E_RUN', message: expect.stringContaining('--resume') });
    expect((await dryRun()).code).toBe(3);
    expect(existsSync(join(cwd, 'made/here/mine/steps/000001'))).toBe(true);
  });

  it('that holds strange files keeps them', async () => {
    mkdirSync(join(cwd, 'made/here/mine'), { recursive: true });
    writeFileSync(join(cwd, 'made/here/mine/thesis.tex'), 'precious');
    expect((await start()).error).toMatchObject({ code: 'E_RUN', message: expect.stringContaining('thesis.tex') });
    expect(readdirSync(join(cwd, 'made/here/mine'))).toEqual(['thesis.tex']);
  });
});

describe('openRun', () => {
  it('trains, tells by events, and returns what came of it', { timeout: 120_000 }, async () => {
    const { config, source } = loadConfig('run.yaml', { cwd });
    const events: RunEvent[] = [];
    const run = await openRun(config, { cwd, source, report: (event) => events.push(event) });
    const result = await run.train().finally(() => run.close());
    expect(result).toMatchObject({ directory: join(cwd, 'made/here/mine'), steps: 1, output: null });
    expect(result.checkpoint).toBe(join(run.directory, 'checkpoints/000001'));
    expect([result.before, result.after].map(([one]) => one?.summary.problems)).toEqual([1, 1]);
    const types = events.map(({ type }) => type).filter((type) => type !== 'checked' && type !== 'evaluating');
    expect(types.filter((type) => type !== 'alarm')).toEqual(['ready', 'evaluation', 'training', 'evaluation', 'step']);
    expect(existsSync(join(run.directory, 'lock.json'))).toBe(false);
    // It has begun: its name is taken.
    expect((await start()).error?.code).toBe('E_RUN');
  });

  it.each(['checked', 'making_problems', 'ready', 'evaluating'] as const)(
    'leaves nothing behind when it is stopped at the event %s',
    { timeout: 120_000 },
    async (type) => {
      const made = type === 'making_problems' ? ['dataset.train={type: generated, count: 50, families: [diet]}'] : [];
      const { config, source } = loadConfig('run.yaml', { cwd, overrides: made });
      const stop = new AbortController();
      const report = (event: RunEvent): void => {
        if (event.type === type) stop.abort();
      };
      const stopped = async (): Promise<void> => {
        const run = await openRun(config, { cwd, source, report, signal: stop.signal });
        await run.train().finally(() => run.close());
      };
      await expect(stopped()).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
      expect(existsSync(join(cwd, 'made'))).toBe(false);
    },
  );

  it('leaves nothing behind when a part does not start', { timeout: 60_000 }, async () => {
    writeFileSync(join(cwd, 'own.js'), 'export default () => { throw new Error("not today"); };');
    const { error, left } = await start('policy.type=./own.js');
    expect({ message: error?.message, left }).toEqual({ message: expect.stringContaining('not today'), left: false });
  });

  it('looks ahead at where a run would go on', async () => {
    const { config } = loadConfig('run.yaml', { cwd });
    await expect(lookAhead(config, { cwd, resume: true })).rejects.toMatchObject({ code: 'E_RUN' });
  });
});
