/** `evom solve` with a model behind an address: the pipeline's parts, each where it decides the answer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { startChatServer } from '../fakes/chat-server.ts';
import { startStandIn } from '../servers/stand-in-server.ts';
import {
  type Asked,
  models,
  program,
  record,
  renamed,
  rightRows,
  rightTests,
  simulator,
  startWorkshop,
  type WorkshopServer,
  workshop,
} from './workshop-server.ts';

let folder: string;
const servers: { close(): Promise<void> }[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-served-'));
  writeFileSync(join(folder, 'workshop.md'), `${workshop}\n`);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evom = async (...argv: string[]) => {
  const io = fakeIo({ cwd: folder });
  const code = await main(argv, io);
  return { code, out: io.out(), err: io.err() };
};
const serve = async (script: (asked: Asked) => string | null = () => null): Promise<WorkshopServer> => {
  const server = await startWorkshop(script);
  servers.push(server);
  return server;
};
interface Report {
  readonly status: string;
  readonly answer: number | null;
  readonly reasons: string[];
  readonly confidence: number;
  readonly rounds: number;
  readonly samples: number;
  readonly extraction: ReturnType<typeof record> | null;
  readonly evidence: { component: string; verdict: string; text: string }[];
}
/** Solves the workshop's problem by a scripted model; `--no-memory`, so that prompts hold nothing but it. */
const solve = async (script: (asked: Asked) => string | null, ...flags: string[]) => {
  const server = await serve(script);
  const { code, out, err } = await evom('solve', 'workshop.md', '--policy', server.url, '--no-memory', '--json', ...flags);
  expect(out, err).not.toBe('');
  const report = JSON.parse(out) as Report;
  const say = (component: string) => report.evidence.find((one) => one.component === component);
  return { code, report, say, asked: server.asked, requests: server.requests };
};
const ofKind = (asked: readonly Asked[], kind: Asked['kind']): Asked[] => asked.filter((one) => one.kind === kind);
/** Whether a prompt holds the record. */
const hasRecord = ({ text }: Asked): boolean => text.includes('"expression": "3 chairs + 10 tables <= 400"');

describe('a policy behind an address', () => {
  it('is asked for records, simulators and programs, and answers with its evidence', async () => {
    const { code, report, say, asked } = await solve(() => null);
    expect(code).toBe(0);
    expect(report).toMatchObject({ status: 'optimal', answer: 2200, confidence: 1, rounds: 0, samples: 16, reasons: [] });
    expect(['record', 'simulator', 'program', 'judge'].map((kind) => ofKind(asked, kind as Asked['kind']).length)).toEqual([4, 4, 16, 0]);
    expect(say('minimum_bayes_risk')).toMatchObject({ verdict: 'supports', text: expect.stringContaining('picked from 4') });
    expect(say('simulator')).toMatchObject({ verdict: 'supports', text: '4 of 4 simulators that pass their own tests agree' });
  });

  it('is written from the record: a program that is right only with it is right', async () => {
    const { report, asked } = await solve((one) => (one.kind === 'program' && !hasRecord(one) ? program(models.noWood) : null));
    expect(report.answer).toBe(2200);
    expect(ofKind(asked, 'program').every(hasRecord)).toBe(true);
    expect(ofKind(asked, 'simulator').every(hasRecord)).toBe(true);
    const without = await solve(
      (one) => (one.kind === 'program' && !hasRecord(one) ? program(models.noWood) : null),
      '--no-record',
      '--rounds',
      '0',
    );
    expect(without.report.evidence.map(({ component }) => component)).not.toContain('extraction');
    expect(without.report).toMatchObject({ status: 'no_trustworthy_answer', answer: null });
  });

  it('is advised on the solver before it writes the program', async () => {
    const { asked } = await solve(() => null);
    const [first] = ofKind(asked, 'program');
    expect(first?.text).toMatch(/Advice on the solver:\n- model class: lp \(all 2 variables are continuous/);
    expect(first?.text).toMatch(/solvers: 1\. highs, 2\. glpk/);
    expect(ofKind(asked, 'simulator')[0]?.text).not.toContain('Advice on the solver');
  });

  it('shares the names of the record with its simulators', async () => {
    // Without the record the model calls things otherwise.
    const strange = (name: string): string => `num_${name}`;
    const script = (one: Asked): string | null =>
      one.kind === 'simulator' && !hasRecord(one) ? simulator(renamed(models.right, strange)) : null;
    expect((await solve(script)).say('simulator')).toMatchObject({ verdict: 'supports' });
    const apart = await solve(script, '--no-record');
    expect(apart.say('simulator')).toMatchObject({ verdict: 'silent', text: expect.stringContaining('num_chairs') });
  });

  it('tells simulators the names alone where that is asked', async () => {
    const { asked, say } = await solve(() => null, '--simulator-record', 'names');
    const [first] = ofKind(asked, 'simulator');
    expect(first?.text).toContain('"name": "chairs"');
    expect(first?.text).not.toContain('"expression"');
    expect(say('simulator')).toMatchObject({ verdict: 'supports' });
  });
});

describe('a program that fails', () => {
  const crash = (code: string): string => code.replace('report(', 'missing_function(report(').replace(/;\s*$/, ');');

  it('is told its error and mended, turn after turn, each seeing what was said', async () => {
    let turns: Asked[] = [];
    const { report, asked, code } = await solve((one) => {
      if (one.kind !== 'program') return null;
      if (one.isRepair) turns = [...turns, one];
      // The first repair has another error; the second is right only where both were seen.
      if (!one.isRepair) return program(models.right, crash);
      if (one.text.includes('other_function')) return program(models.right);
      return program(models.right, (text) => crash(text).replace('missing_function', 'other_function'));
    });
    expect(report).toMatchObject({ answer: 2200, confidence: 1, rounds: 2, samples: 16 });
    expect(code).toBe(0);
    expect(turns[0]?.last).toMatch(/ended with runtime_error: ReferenceError: .*missing_function/);
    const [long] = turns.filter(({ text }) => text.includes('other_function'));
    expect(long?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user', 'assistant', 'user']);
    expect(long?.text).toContain('missing_function');
    expect(ofKind(asked, 'program')).toHaveLength(48);
  });

  it('is no answer where it cannot be mended, and says why', async () => {
    const { report, code } = await solve((one) => (one.kind === 'program' ? program(models.right, crash) : null));
    expect(code).toBe(5);
    expect(report).toMatchObject({ status: 'no_trustworthy_answer', answer: null });
    expect(report.reasons[0]).toMatch(/16 of 16 samples failed \(runtime_error 16\)/);
  });

  it('is not asked for again where a majority has the answer already', async () => {
    const { report, asked } = await solve((one) => (one.kind === 'program' && one.k === 3 ? program(models.right, crash) : null));
    expect(report).toMatchObject({ answer: 2200, rounds: 0 });
    expect(ofKind(asked, 'program')).toHaveLength(16);
  });
});

describe('a model without a solution', () => {
  it('is told so and mended', async () => {
    const { report, asked } = await solve((one) => (one.kind === 'program' && !one.isRepair ? program(models.infeasible) : null));
    expect(report).toMatchObject({ status: 'optimal', answer: 2200, rounds: 1 });
    expect(asked.find(({ isRepair }) => isRepair)?.last).toMatch(/proves that this model is infeasible/);
  });

  it('stands where it is given again, and is asked once', async () => {
    const { report, code, say, asked } = await solve(
      (one) => (one.kind === 'program' ? program(models.infeasible) : null),
      '--no-record',
      '--no-simulator',
    );
    expect(report).toMatchObject({ status: 'infeasible', confidence: 1, rounds: 1 });
    expect(code).toBe(0);
    expect(ofKind(asked, 'program')).toHaveLength(32);
    expect(say('cross_solve')?.text).toBe('glpk too finds this model infeasible');
  });

  it('is the answer where most say so, not where one does not', async () => {
    const few = await solve(
      (one) => (one.kind === 'program' ? program(one.k === 0 ? models.right : models.infeasible) : null),
      '--no-record',
      '--rounds',
      '0',
    );
    expect(few.report).toMatchObject({ status: 'infeasible', confidence: 15 / 16 });
    const tie = await solve(
      (one) => (one.kind === 'program' ? program(one.k % 2 === 0 ? models.right : models.infeasible) : null),
      '--no-record',
      '--rounds',
      '0',
    );
    expect(tie.report).toMatchObject({ status: 'optimal', answer: 2200 });
  });
});

describe('simulators', () => {
  it.each([
    ['most', 12],
    ['all', 16],
  ])('mend the answer where %s programs forget a row, and name what it breaks', async (_, wrong) => {
    const { report, asked, say } = await solve((one) =>
      one.kind === 'program' && !one.isRepair && one.k < wrong ? program(models.noWood) : null,
    );
    expect(report).toMatchObject({ answer: 2200, rounds: 1 });
    expect(asked.find(({ isRepair }) => isRepair)?.last).toMatch(/600 <= 400/);
    expect(say('simulator')).toMatchObject({ verdict: 'supports' });
  });

  it('that fail their own tests are kept out', async () => {
    const { report, say } = await solve((one) => (one.kind === 'simulator' ? simulator(models.noWood, rightTests) : null));
    expect(report).toMatchObject({ answer: 2200, rounds: 0 });
    expect(say('simulator')).toMatchObject({ verdict: 'silent' });
    expect(say('simulator')?.text).toMatch(/none could check the answer: it fails its own test 2: it breaks no demand/);
    const half = await solve((one) => (one.kind === 'simulator' && one.k < 2 ? simulator(models.noWood, rightTests) : null));
    expect(half.say('simulator')).toMatchObject({ verdict: 'supports', text: expect.stringContaining('2 of 4 kept out') });
  });

  it('that are wrong and pass do not move a right answer that the record and the repairs stand by', async () => {
    const { report, say, code } = await solve((one) => (one.kind === 'simulator' ? simulator(models.noWood) : null));
    expect(report).toMatchObject({ answer: 2200, rounds: 2 });
    expect(say('simulator')).toMatchObject({ verdict: 'contradicts' });
    expect(code).toBe(0);
  });

  it('may be written by another policy', async () => {
    const other = await serve();
    const { report, asked } = await solve(() => null, '--simulator-policy', `${other.url}#sim-1`);
    expect(report.answer).toBe(2200);
    expect(ofKind(asked, 'simulator')).toHaveLength(0);
    expect(ofKind(other.asked, 'simulator')).toHaveLength(4);
    expect(other.asked).toHaveLength(4);
    expect(other.requests.every(({ body }) => body.model === 'sim-1')).toBe(true);
  });

  it('leave a refused repair behind with a confidence of all that was sampled', async () => {
    // The repairs give the wrong model again: 8 of 8 programs say 2,400.
    const { report, say, code } = await solve(
      (one) => (one.kind === 'program' ? program(models.noWood) : null),
      '--samples',
      '4',
      '--rounds',
      '1',
      '--no-record',
      '--simulator-record',
      'names',
    );
    expect(report).toMatchObject({ confidence: 1, samples: 8, rounds: 1, status: 'no_trustworthy_answer' });
    expect(say('self_consistency')?.text).toMatch(/^8 of 8 samples give this answer/);
    expect(code).toBe(5);
  });
});

describe('records', () => {
  it('are never put together from several', async () => {
    // Each is wrong in one place; the parts that most say, joined, would be a record that none of them is.
    const told = [
      record({ objective: '20 chairs + 400 tables' }),
      record({ objective: '20 chairs + 400 tables', rows: rightRows.slice(0, 1) }),
      record({ rows: rightRows.slice(0, 1) }),
      record(),
    ];
    const { report, asked } = await solve((one) => (one.kind === 'record' ? JSON.stringify(told[one.k % 4]) : null));
    expect(told.map((one) => JSON.stringify([one.objective, one.constraints]))).toContain(
      JSON.stringify([report.extraction?.objective, report.extraction?.constraints]),
    );
    const [judged] = ofKind(asked, 'judge');
    expect(judged?.text).toContain(workshop);
    expect(judged?.text).toContain('Record 3:');
    expect(judged?.text).not.toContain('Record 4:');
  });

  it('are judged by the policy that --judge names, and the one it names goes into the prompts', async () => {
    const whole = (text: string): number =>
      [1, 2, 3].find((n) => text.split(`Record ${n}:`)[1]?.split('Record ')[0]?.includes('chairs <= 75')) ?? 0;
    const judge = await serve((one) => (one.kind === 'judge' ? `It has all rows.\nRECORD: ${whole(one.text)}` : null));
    const told = [
      record({ rows: rightRows.slice(0, 1) }),
      record({ rows: rightRows.slice(1, 2) }),
      record(),
      record({ rows: rightRows.slice(0, 1) }),
    ];
    const { report, asked } = await solve(
      (one) => (one.kind === 'record' ? JSON.stringify(told[one.k % 4]) : null),
      '--judge',
      `${judge.url}#judge-1`,
    );
    expect(ofKind(asked, 'judge')).toHaveLength(0);
    expect(judge.asked).toHaveLength(1);
    expect(judge.requests[0]?.body).toMatchObject({ model: 'judge-1', temperature: 0 });
    expect(report.extraction?.constraints).toHaveLength(3);
  });

  it('are taken as they come without minimum Bayes risk decoding', async () => {
    const { asked } = await solve(() => null, '--no-mbr');
    expect(ofKind(asked, 'record')).toHaveLength(1);
  });

  it('that nobody asked for are not called faulty', async () => {
    const { report } = await solve(() => null, '--checks', '0');
    expect(JSON.stringify(report.evidence)).not.toMatch(/passed the schema/);
    expect(report.answer).toBe(2200);
  });

  it('that do not pass the schema are said, and done without', async () => {
    const { report, say } = await solve((one) => (one.kind === 'record' ? 'I would rather not.' : null));
    expect(report.answer).toBe(2200);
    expect(say('extraction')?.text).toMatch(/none of 4 records passed the schema/);
  });

  it('vote once, solved', async () => {
    // Programs are split evenly; the record decides.
    const { report } = await solve(
      (one) => (one.kind === 'program' && one.k % 2 === 0 ? program(models.noWood) : null),
      '--no-simulator',
      '--rounds',
      '0',
    );
    expect(report).toMatchObject({ answer: 2200, confidence: 0.5 });
  });
});

describe('memory', () => {
  it('shows the extractor formulations and the optimizer programs', async () => {
    const server = await serve();
    const { code, out } = await evom(
      'solve',
      'workshop.md',
      '--policy',
      server.url,
      '--json',
      '--memory-threshold',
      '0',
      '--examples',
      '2',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out).evidence[0]).toMatchObject({
      component: 'memory',
      text: '2 solved problems shown as examples, 2 of them to the extractor too',
    });
    const roles = (kind: Asked['kind']) => ofKind(server.asked, kind)[0]?.messages.map(({ role }) => role);
    const two = ['system', 'user', 'assistant', 'user', 'assistant', 'user'];
    expect(roles('record')).toEqual(two);
    expect(roles('program')).toEqual(two);
    expect(ofKind(server.asked, 'record')[0]?.messages[2]?.content).toMatch(/^```json\n\{"variables"/);
    expect(ofKind(server.asked, 'program')[0]?.messages[2]?.content).toMatch(/^```js\n/);
  });

  it('takes none below the threshold', async () => {
    const server = await serve();
    await evom('solve', 'workshop.md', '--policy', server.url, '--json', '--memory-threshold', '0.99');
    expect(ofKind(server.asked, 'program')[0]?.messages).toHaveLength(2);
  });
});

describe('an answer that is none', () => {
  const question = 'Two numbers.';
  it('is said where the samples do not agree', async () => {
    const { report, code } = await solve(
      (one) => {
        if (one.kind !== 'program') return null;
        return program({ ...models.right, offset: one.k * 7 });
      },
      '--no-record',
      '--no-simulator',
    );
    expect(code).toBe(5);
    expect(report.reasons).toContain('no agreement: 1 of 16 samples give the most frequent answer');
  });

  it('is said where the model is not about the text', async () => {
    writeFileSync(join(folder, 'other.md'), `${question} A ferry carries 7 lorries of 12 tonnes and earns 90 a trip over 33 days.\n`);
    const server = await serve();
    const { code, out } = await evom('solve', 'other.md', '--policy', server.url, '--no-memory');
    expect(code).toBe(5);
    expect(out).toMatch(/^no trustworthy answer\n/);
    expect(out).not.toMatch(/^\s*\+/m);
  });
});

describe('a fault of ours', () => {
  it('of a server that fails is an error, never an infeasible problem', async () => {
    const broken = await startChatServer(() => ({ type: 'refuse', status: 500, body: { error: { message: 'out of memory' } } }));
    servers.push(broken);
    const { code, out, err } = await evom(
      'solve',
      'workshop.md',
      '--policy',
      `${broken.url}#m`,
      '--set',
      'policy.chat.retries=0',
      '--json',
    );
    expect(code).toBe(1);
    expect(err).toMatch(/E_POLICY .*answered 500/);
    expect(out).not.toMatch(/infeasible|answer"/);
  });

  it('of a server that is away says so', async () => {
    const { code, err } = await evom('solve', 'workshop.md', '--policy', 'http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(err).toMatch(/E_POLICY http:\/\/127\.0\.0\.1:9\/v1\/models cannot be reached .*is the server up\?/);
  });

  it('of the policy of the simulators alone is one too', async () => {
    const server = await serve();
    const away = await startChatServer(() => ({ type: 'refuse', status: 404 }));
    servers.push(away);
    const { code, err } = await evom(
      'solve',
      'workshop.md',
      '--policy',
      server.url,
      '--simulator-policy',
      `${away.url}#gone`,
      '--no-memory',
    );
    expect(code).toBe(1);
    expect(err).toMatch(/E_POLICY .*answered 404/);
  });

  it('is an address without a model, or with several, said with what to do', async () => {
    const server = await startChatServer(() => ({ type: 'answer', body: { data: [{ id: 'a' }, { id: 'b' }] } }));
    servers.push(server);
    const { code, err } = await evom('solve', 'workshop.md', '--policy', server.url);
    expect(code).toBe(2);
    expect(err).toMatch(/has 2 models \(a, b\); name the model after the address, as in --policy http:.*#MODEL/);
  });
});

describe('a policy of the configuration', () => {
  it('may be servers of token ids, with the checkpoint that they serve', async () => {
    const tiny = join(packageRoot, 'checkpoints/tiny');
    const standIn = await startStandIn(tiny, tiny);
    servers.push(standIn);
    const set = ['policy.type=openai', `policy.openai.servers=["${standIn.url}"]`].flatMap((one) => ['--set', one]);
    const { out, err } = await evom('solve', 'workshop.md', '--policy', tiny, ...set, '--samples', '4', '--checks', '0', '--json');
    expect(out, err).not.toBe('');
    expect(JSON.parse(out)).toMatchObject({ samples: 4 });
    expect(standIn.completions.length).toBeGreaterThanOrEqual(4);
  });

  it('may be a file, for each of policy, judge and simulators', async () => {
    const server = await serve();
    const file = join(folder, 'served.yaml');
    writeFileSync(
      file,
      `extends: evaluate.yaml\npolicy: { type: chat, chat: { url: '${server.url}', model: big-1, concurrency: 3 } }\nsampling: { max_tokens: 777 }\n`,
    );
    const { code, err } = await evom(
      'solve',
      'workshop.md',
      '--config',
      'served.yaml',
      '--simulator-policy',
      'served.yaml',
      '--no-memory',
      '--json',
    );
    expect(code, err).toBe(0);
    expect(server.requests.every(({ body }) => body.max_tokens === 777 && body.model === 'big-1')).toBe(true);
  });

  it('that is a recording is refused', async () => {
    writeFileSync(join(folder, 'answers.jsonl'), '{"question":"q","completion":"c"}\n');
    const { code, err } = await evom('solve', 'workshop.md', '--policy', 'answers.jsonl', '--set', 'policy.type=recorded');
    expect(code).toBe(3);
    expect(err).toMatch(/recorded holds answers to other prompts/);
  });
});
