import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { initialTrainState, type SftParts, type SftSettings, sftLoop } from '../../src/train/sft.ts';
import { type SftExample, sftRow, takeExamples } from '../../src/train/sft-rows.ts';
import { pickWeighted, type SftEncoding, type SftSource, sftStream } from '../../src/train/sft-stream.ts';
import { problem } from '../rollout/scripted.ts';
import { countingLearner, evaluation, MemoryStore } from './fixtures.ts';

const example = (index: number, promptLength = 2, completionLength = 3): SftExample => ({
  id: `e${index}`,
  source: 'test',
  promptIds: new Int32Array(promptLength).fill(7),
  completionIds: new Int32Array(completionLength).fill(9),
});

describe('sftRow', () => {
  it('puts the loss on the completion and not on the prompt', () => {
    const row = sftRow(example(0), 4);
    expect([...row.inputIds]).toEqual([7, 7, 9, 9, 9]);
    expect([...row.lossMask]).toEqual([0, 0, 1, 1, 1]);
    expect(row).toMatchObject({
      promptLength: 2,
      responseLength: 3,
      advantage: 1,
      lossWeight: 1,
      weightVersionMin: 4,
      weightVersionMax: 4,
      status: 'reference', // no outcome: nobody ran it
      finishReason: 'stop',
    });
    expect(row.samplerLogprobs).toEqual(new Float32Array(5));
  });
});

describe('takeExamples', () => {
  it('takes whole examples until their tokens reach the batch', () => {
    const { examples, next } = takeExamples(example, 10, 11);
    expect(examples.map(({ id }) => id)).toEqual(['e10', 'e11', 'e12']);
    expect(next).toBe(13);
  });

  it('gives one example even when it alone is longer than the batch', () => {
    expect(takeExamples(example, 0, 1)).toMatchObject({ examples: [{ id: 'e0' }], next: 1 });
  });

  it('passes over an index without an example', () => {
    const odd = (index: number) => (index % 2 === 0 ? null : example(index));
    const { examples, next } = takeExamples(odd, 0, 10);
    expect({ ids: examples.map(({ id }) => id), next }).toEqual({ ids: ['e1', 'e3'], next: 4 });
  });

  it('says so, instead of looking for ever, when no problem has a program that fits', () => {
    expect(() => takeExamples(() => null, 0, 10)).toThrow(
      expect.objectContaining({ code: 'E_DATA', message: expect.stringContaining('max_length') }),
    );
  });

  it('cut anywhere gives the same stream: no example twice, none left out', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        let next = 0;
        const ids: string[] = [];
        for (const size of sizes) {
          const batch = takeExamples(example, next, size);
          ids.push(...batch.examples.map(({ id }) => id));
          next = batch.next;
        }
        expect(ids).toEqual(Array.from({ length: next }, (_, i) => `e${i}`));
      }),
    );
  });
});

describe('sftLoop, when a batch cannot be made', () => {
  const settings = {
    runId: 'run',
    steps: 3,
    batchTokens: 20,
    schedule: { type: 'constant', warmupSteps: 0 } as const,
    checkpointEvery: 1,
    evalEvery: 0,
    tokenizerSha256: '00',
    modelId: 'm',
    padId: 0,
  };
  /** Examples up to an index; none after it. */
  const partsUpTo = (last: number, learner: Learner) => {
    const store = new MemoryStore(learner);
    return {
      store,
      parts: {
        learner,
        example: (index: number) => (index > last ? null : example(index)),
        store,
        evaluate: async () => [],
        onStep: () => undefined,
        onEvaluation: () => undefined,
      },
    };
  };

  it('finishes the step under way when the next batch cannot be made, and then says why', async () => {
    const learner = countingLearner();
    const { next } = takeExamples(example, 0, settings.batchTokens);
    const { parts, store } = partsUpTo(next - 1, learner);
    await expect(sftLoop(parts, settings, initialTrainState)).rejects.toMatchObject({ code: 'E_DATA' });
    expect(store.events).toEqual(['metrics 1', 'checkpoint 1']);
  });

  it('throws the fault of the learner alone when the next batch cannot be made either', async () => {
    const learner = { ...countingLearner(), step: () => Promise.reject(new Error('the learner left')) };
    const { next } = takeExamples(example, 0, settings.batchTokens);
    await expect(sftLoop(partsUpTo(next - 1, learner).parts, settings, initialTrainState)).rejects.toThrow('the learner left');
  });

  it('is not interrupted by what comes during the last step: the run is done', async () => {
    const stop = new AbortController();
    const { parts, store } = partsUpTo(100, countingLearner());
    const last = await sftLoop({ ...parts, onStep: (step) => step === 3 && stop.abort() }, settings, initialTrainState, stop.signal);
    expect([last.step, store.events.at(-1)]).toEqual([3, 'checkpoint 3']);
  });

  it('makes no batch when no step is left', async () => {
    const done = { ...initialTrainState, step: 3 };
    expect(await sftLoop(partsUpTo(-1, countingLearner()).parts, settings, done)).toBe(done);
  });
});

describe('pickWeighted', () => {
  const items = [
    { name: 'a', weight: 1 },
    { name: 'b', weight: 3 },
  ];

  it('gives the item at a share of the total weight', () => {
    expect([0, 0.2499, 0.25, 0.999].map((share) => pickWeighted(items, share).name)).toEqual(['a', 'a', 'b', 'b']);
  });

  it('gives each item its share', () => {
    const counts = { a: 0, b: 0 };
    for (let i = 0; i < 1000; i++) counts[pickWeighted(items, i / 1000).name as 'a' | 'b'] += 1;
    expect(counts).toEqual({ a: 250, b: 750 });
  });

  it('never gives an item of no weight while another has some', () => {
    const weights = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1000, noNaN: true })), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (list, share) => {
        fc.pre(list.some((weight) => weight > 0));
        expect(
          pickWeighted(
            list.map((weight) => ({ weight })),
            share,
          ).weight,
        ).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('rises with the share: a larger share gives the same item or a later one', () => {
    const weights = fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1, maxLength: 6 });
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(weights, share, share, (list, x, y) => {
        const numbered = list.map((weight, place) => ({ weight, place }));
        expect(pickWeighted(numbered, Math.min(x, y)).place).toBeLessThanOrEqual(pickWeighted(numbered, Math.max(x, y)).place);
      }),
    );
  });

  it('refuses an empty list', () => {
    expect(() => pickWeighted([], 0.5)).toThrow(RangeError);
  });
});

describe('sftStream', () => {
  const encoding: SftEncoding = {
    prompt: (one, dialect) => Int32Array.of(one.question.length, dialect.length),
    completion: (one, dialect) => (one.programs?.[dialect] === undefined ? null : Int32Array.of(5, 1)),
    maxLength: 4,
  };
  const programs = { 'highs-js': 'x', 'glpk-js': 'y' };
  const source = (name: string, weight: number, more: Partial<Problem> = { programs }): SftSource => ({
    weight,
    problem: (index) => problem(`${name}${index}`, 1, more),
    dialects: [
      { name: 'highs-js', weight: 3 },
      { name: 'glpk-js', weight: 1 },
    ],
  });

  it('gives the same example for the same index, whatever was asked before', () => {
    const sources = [source('a', 1), source('b', 1)];
    const stream = sftStream(sources, encoding, 3);
    const inOrder = Array.from({ length: 20 }, (_, i) => stream(i));
    const again = sftStream(sources, encoding, 3);
    expect(Array.from({ length: 20 }, (_, i) => again(19 - i)).reverse()).toEqual(inOrder);
    expect(inOrder[4]?.id).toMatch(/^[ab]4\/(highs|glpk)-js$/);
  });

  it('draws sources and dialects by weight', () => {
    const stream = sftStream([source('a', 4), source('b', 1)], encoding, 3);
    const ids = Array.from({ length: 2000 }, (_, i) => stream(i)?.id ?? '');
    const share = (pattern: RegExp) => ids.filter((id) => pattern.test(id)).length / ids.length;
    expect(share(/^a/)).toBeCloseTo(0.8, 1);
    expect(share(/highs/)).toBeCloseTo(0.75, 1);
  });

  it('draws a source only at the indices that it is meant for', () => {
    const stream = sftStream(
      [
        { ...source('a', 1), examples: [0, 5] },
        { ...source('b', 1), examples: [5, 8] },
      ],
      encoding,
      3,
    );
    expect(Array.from({ length: 9 }, (_, i) => stream(i)?.id[0] ?? null)).toEqual(['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', null]);
  });

  it('gives null for a problem without a program, without any at that index, or longer than the model', () => {
    expect(sftStream([source('a', 1, {})], encoding, 0)(0)).toBeNull();
    expect(sftStream([{ ...source('a', 1), problem: () => null }], encoding, 0)(0)).toBeNull();
    expect(sftStream([source('a', 1)], { ...encoding, maxLength: 3 }, 0)(0)).toBeNull();
  });
});

describe('sftLoop', () => {
  const settings: SftSettings = {
    runId: 'run',
    steps: 5,
    batchTokens: 10,
    schedule: { type: 'constant', warmupSteps: 0 },
    checkpointEvery: 2,
    evalEvery: 0,
    tokenizerSha256: '00',
    modelId: 'm',
    padId: 0,
  };
  const run = async (start = initialTrainState, change: Partial<SftSettings> = {}, signal?: AbortSignal) => {
    const learner = countingLearner(start.step);
    const store = new MemoryStore(learner);
    const parts: SftParts = { learner, example, store, evaluate: async () => [evaluation()], onStep: () => {}, onEvaluation: () => {} };
    const end = await sftLoop(parts, { ...settings, ...change }, start, signal).catch((error: unknown) => error);
    return { learner, store, end };
  };

  it('trains on the examples in order, a batch a step', async () => {
    const { learner, store, end } = await run();
    expect(learner.batches.map(({ rows }) => rows.map((row) => row.sampleId).join())).toEqual([
      'e0,e1',
      'e2,e3',
      'e4,e5',
      'e6,e7',
      'e8,e9',
    ]);
    expect(learner.batches[0]?.metadata).toMatchObject({
      step: 1,
      loss: { type: 'cross_entropy' },
      globalLossTokens: 6,
      globalLossRows: 2,
    });
    expect(end).toMatchObject({ step: 5, cursor: { position: 10 } });
    expect(store.events.filter((event) => !event.startsWith('metrics'))).toEqual([
      'checkpoint 2',
      'checkpoint 4',
      'evaluation 5',
      'checkpoint 5',
    ]);
  });

  it('goes on from a checkpoint with the examples that were next', async () => {
    const whole = await run();
    for (const { state } of whole.store.checkpoints.slice(0, -1)) {
      const again = await run(state);
      expect(again.learner.batches).toEqual(whole.learner.batches.slice(state.step));
      expect(again.end).toEqual(whole.end);
    }
  });

  it('stopped, writes a checkpoint after the step', async () => {
    const { store, end } = await run(initialTrainState, {}, AbortSignal.abort());
    expect(end).toMatchObject({ code: 'E_INTERRUPTED' });
    expect(store.checkpoints.map(({ state }) => [state.step, state.cursor.position])).toEqual([[1, 2]]);
  });
});
