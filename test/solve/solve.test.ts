import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyOutcome } from '../../src/core/outcome.ts';
import type { ChatMessage } from '../../src/dialects/prompt.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { solveProblem } from '../../src/solve/solve.ts';
import type { SolveOptions, SolveParts } from '../../src/solve/solve-parts.ts';
import type { SolverBackend } from '../../src/solvers/backend.ts';
import { createGlpk } from '../../src/solvers/glpk.ts';
import { createHighs } from '../../src/solvers/highs.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';

const highsJs = dialectByName('highs-js');
const simulatorJs = dialectByName('simulator-js');
const right = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\ngen\n boots mugs\nend');
const loose = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\ngen\n boots mugs\nend');
const other = parseLp('max\n 68 boots + 26 mugs\nst\n 17 boots + 22 mugs <= 488\n boots + mugs <= 20\ngen\n boots mugs\nend');
const infeasible = parseLp('max\n x\nst\n x + y <= 1\n x + y >= 2\nend');
const program = (model: typeof right): string => `\`\`\`js\n${highsJs.render(model)}\n\`\`\``;
const simulator = (model: typeof right): string => `\`\`\`js\n${simulatorJs.render(model)}\n\`\`\``;

let verifier: Verifier;
let backends: SolverBackend[];
beforeAll(async () => {
  verifier = await createVerifier({ backend: 'highs', dialects: ['highs-js', 'simulator-js'], workers: 1 });
  backends = [await createHighs(), await createGlpk()];
});
afterAll(async () => {
  await verifier.close();
  for (const backend of backends) backend.close();
});

/** A policy over characters: `answer` gets the prompt's text and the kind and number of the sample, as its seed says. */
const END = 0x10ffff;
function partsOf(
  answer: (prompt: string, kind: string, round: number, sample: number) => string,
  about: Partial<SolveParts> = {},
): SolveParts {
  const ids = (text: string): Int32Array => Int32Array.from([...text].map((c) => c.codePointAt(0) ?? 0));
  const decode = (tokens: Iterable<number>): string =>
    [...tokens]
      .filter((id) => id !== END)
      .map((id) => String.fromCodePoint(id))
      .join('');
  return {
    policy: createScriptedPolicy({
      script: (prompt, seed) => {
        const [, , kind = '', round, sample] = seed.split('/');
        return [...ids(answer(decode(prompt), kind, Number(round), Number(sample))), END];
      },
      stopIds: [END],
      vocabSize: END + 1,
    }),
    encode: (messages: readonly ChatMessage[]) => {
      const text = messages.map(({ role, content }) => `<${role}>${content}`).join('\n');
      return { text, tokenIds: ids(text) };
    },
    decode,
    verify: (one) => verifier.verify(one),
    template: 'instruct',
    dialect: highsJs,
    simulatorDialect: simulatorJs,
    backend: 'highs',
    backends,
    recall: null,
    now: () => performance.now(),
    ...about,
  };
}
const options: SolveOptions = {
  question: 'Boots and mugs.',
  samples: 4,
  checks: 2,
  sampling: { temperature: 1, topK: 0, topP: 1, maxTokens: 2000 },
  rounds: 2,
  components: { simulator: true, memory: true, bayesRisk: true, selfConsistency: true },
  seed: 1,
};
const solved = async (model: typeof right): Promise<number | null> => backends[0]?.solve(model, { timeLimitMs: 1000 }).objective ?? null;
const record = JSON.stringify({
  variables: [
    { name: 'boots', type: 'integer', lower: 0 },
    { name: 'mugs', type: 'integer', lower: 0 },
  ],
  parameters: [],
  objective: { sense: 'max', expression: '68 boots + 62 mugs' },
  constraints: [{ expression: '17 boots + 22 mugs <= 488' }, { expression: 'boots >= mugs + 2' }],
});
const verdicts = (result: { evidence: readonly { component: string; verdict: string }[] }) =>
  Object.fromEntries(result.evidence.map(({ component, verdict }) => [component, verdict]));

describe('solveProblem', () => {
  it('gives the consensus with all its evidence', async () => {
    const result = await solveProblem(
      partsOf((_, kind, __, k) =>
        kind === 'simulator' ? simulator(right) : kind === 'extraction' ? record : program(k === 3 ? other : right),
      ),
      options,
    );
    expect(result).toMatchObject({ kind: 'optimal', answer: 1904, confidence: 0.75, rounds: 0, model: { sense: 'max' } });
    expect(result.outcome?.solution).toEqual({ boots: 28, mugs: 0 });
    expect(result.candidates.map(({ samples }) => samples)).toEqual([[0, 1, 2], [3]]);
    expect(result.recommendation).toMatchObject({ modelClass: 'ilp', backend: 'highs' });
    expect(verdicts(result)).toEqual({
      extraction: 'silent',
      self_consistency: 'supports',
      minimum_bayes_risk: 'supports',
      simulator: 'supports',
      sample_agreement: 'silent',
      text: 'silent', // this text has no numbers
      cross_solve: 'supports',
    });
  });

  it('names numbers of the text that the model does not use, and numbers of the model that the text does not tell', async () => {
    const question = 'Boots earn 68, mugs 62; each takes 17 and 22 of 488 hours. Boots exceed mugs by 5.';
    const { text, evidence } = await solveProblem(
      partsOf((_, kind) => (kind === 'simulator' ? simulator(right) : kind === 'extraction' ? record : program(right))),
      { ...options, question },
    );
    expect(text).toEqual({ unused: [5], foreign: [{ where: 'row 2', numbers: [2] }] });
    expect(evidence.find(({ component }) => component === 'text')).toMatchObject({
      verdict: 'silent',
      text: expect.stringMatching(/unused numbers: 5; not in the text: 2 \(row 2\)$/),
    });
  });

  it('repairs a program that the simulators refute, with the discrepancy as feedback', async () => {
    const prompts: string[] = [];
    const result = await solveProblem(
      partsOf((prompt, kind, round) => {
        if (kind === 'simulator') return simulator(right);
        if (kind === 'extraction') return record;
        if (round > 0) prompts.push(prompt);
        return program(round === 0 ? loose : right);
      }),
      { ...options, question: 'Boots and mugs.' },
    );
    expect(result.rounds).toBe(1);
    expect(result.answer).toBe(1904);
    expect(prompts[0]).toMatch(/An independent simulation of the problem disagrees/);
    expect(prompts[0]).toContain(highsJs.render(loose));
    expect(verdicts(result).simulator).toBe('supports');
  });

  it('stops after its rounds and says that the answer is contradicted', async () => {
    const result = await solveProblem(
      partsOf((_, kind) => (kind === 'simulator' ? simulator(right) : kind === 'extraction' ? record : program(other))),
      options,
    );
    expect(result.rounds).toBe(2); // the same model again ends nothing
    expect(verdicts(result)).toMatchObject({ simulator: 'contradicts', minimum_bayes_risk: 'contradicts' });
    expect(result.answer).toBe(1360);
    expect(result.trust).toEqual({ isTrusted: false, reasons: ['more simulators contradict the answer than bear it out'] });
  });

  it('lets the record show the answer where simulators bear out no program but its own', async () => {
    const result = await solveProblem(
      partsOf((_, kind, round) =>
        kind === 'simulator' ? simulator(right) : kind === 'extraction' ? record : program(round === 0 ? loose : other),
      ),
      { ...options, rounds: 1 },
    );
    expect(result.rounds).toBe(1);
    expect(result.answer).toBe(await solved(loose));
    expect(result.answer).not.toBe(await solved(other));
    expect(result.model?.constraints).toHaveLength(2); // of the record: the programs that give this answer leave a row out
    expect(verdicts(result).simulator).toBe('supports');
  });

  it('lets the first choice stand where simulators bear out none', async () => {
    const result = await solveProblem(
      partsOf((_, kind, round) => (kind === 'simulator' ? simulator(right) : program(round === 0 ? loose : other))),
      { ...options, rounds: 1, components: { ...options.components, record: false } },
    );
    expect(result.answer).toBe(await solved(loose));
    expect(verdicts(result).simulator).toBe('contradicts');
    expect(result.trust.isTrusted).toBe(false);
  });

  it('takes one simulator for and one against as no evidence', async () => {
    const result = await solveProblem(
      partsOf((_, kind, __, k) =>
        kind === 'simulator' ? simulator(k === 0 ? right : other) : kind === 'extraction' ? record : program(right),
      ),
      options,
    );
    expect(result.evidence.find(({ component }) => component === 'simulator')).toMatchObject({
      verdict: 'silent',
      text: expect.stringContaining('1 of 2 simulators'),
    });
  });

  it('counts no fault of ours as a sample that disagrees', async () => {
    let calls = 0;
    const faulty: SolveParts['verify'] = async (one) =>
      one.dialect === 'highs-js' && calls++ === 0
        ? emptyOutcome('infra_error', { dialect: 'highs-js', backend: 'highs' })
        : verifier.verify(one);
    const components = { simulator: false, memory: false, bayesRisk: false, selfConsistency: true };
    const parts = partsOf(() => program(right), { verify: faulty });
    expect(await solveProblem(parts, { ...options, components })).toMatchObject({ answer: 1904, confidence: 1 });
    calls = 0;
    // Without consensus the first sample that has a verdict is the answer.
    expect(await solveProblem(parts, { ...options, components: { ...components, selfConsistency: false } })).toMatchObject({
      answer: 1904,
    });
  });

  it('is an error of ours where no program got a verdict, never an answer', async () => {
    const verify: SolveParts['verify'] = async () =>
      emptyOutcome('infra_error', {
        dialect: 'highs-js',
        backend: 'highs',
        error: { type: 'Host', message: 'no host answers', line: null },
      });
    await expect(
      solveProblem(
        partsOf(() => program(right), { verify }),
        options,
      ),
    ).rejects.toThrow(/kept all 4 programs from a verdict: no host answers; run it again/);
  });

  it('says what the policy cannot write and goes on without it', async () => {
    const result = await solveProblem(
      partsOf((_, kind) => (kind === 'program' ? program(right) : 'I do not know.'), { template: 'bare' }),
      options,
    );
    expect(result.answer).toBe(1904);
    const texts = Object.fromEntries(result.evidence.map(({ component, verdict, text }) => [component, `${verdict}: ${text}`]));
    expect(texts.extraction).toMatch(/^silent: left out: bare prompts have no place for records/);
    expect(texts.simulator).toMatch(/^silent: asked for 2, none could check the answer: it wrote none/);
    expect(texts.minimum_bayes_risk).toMatch(/^supports: of 4 captured models this is the one/);
  });

  it('shows solved problems as earlier turns', async () => {
    const prompts: string[] = [];
    const recall = async () => [{ question: 'Make hats.', program: 'HATS' }];
    await solveProblem(
      partsOf(
        (prompt, kind) => {
          if (kind === 'program') prompts.push(prompt);
          return program(right);
        },
        { recall },
      ),
      options,
    );
    expect(prompts[0]).toMatch(/<user>Make hats\.[\s\S]*<assistant>```js\nHATS\n```\n<user>Boots and mugs\./);
  });

  it('answers infeasible when that is what programs prove, and has no confidence when none runs', async () => {
    const without = { ...options, components: { ...options.components, simulator: false } };
    expect(
      await solveProblem(
        partsOf(() => program(infeasible)),
        without,
      ),
    ).toMatchObject({ kind: 'infeasible', answer: null, confidence: 1 });
    const broken = await solveProblem(
      partsOf(() => '```js\nfoo(\n```'),
      without,
    );
    expect(broken).toMatchObject({ kind: 'error', answer: null, confidence: 0 });
    expect(verdicts(broken)).toMatchObject({ self_consistency: 'contradicts' });
  });

  it('leaves out each component that is switched off', async () => {
    const parts = partsOf((_, kind, __, k) =>
      kind === 'simulator' ? simulator(right) : kind === 'extraction' ? record : program(k === 0 ? other : right),
    );
    const off = (change: Partial<SolveOptions['components']>) =>
      solveProblem(parts, { ...options, components: { ...options.components, ...change } });
    expect((await off({ simulator: false })).evidence.map(({ component }) => component)).not.toContain('simulator');
    expect((await off({ bayesRisk: false })).evidence.map(({ component }) => component)).not.toContain('minimum_bayes_risk');
    // Without consensus, risk and simulator the first sample is the answer.
    expect((await off({ selfConsistency: false, bayesRisk: false, simulator: false })).answer).toBe(1360);
    expect((await off({ selfConsistency: false, simulator: false })).answer).toBe(1904);
  });

  it('refuses a problem that leaves no room for a program', async () => {
    const parts = partsOf(() => program(right));
    await expect(solveProblem({ ...parts, policy: { ...parts.policy, maxLength: 20 } }, options)).rejects.toThrow(
      /leave 0 of the 20 tokens/,
    );
  });
});
