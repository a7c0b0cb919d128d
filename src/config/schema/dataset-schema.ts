/** Where problems come from: the seeded generator, a JSONL or other file, or a weighted mixture of them. */
import { z } from 'zod';
import { familyNames } from '../../problems/families/index.ts';
import { nonNegative, path, positive, share, whole } from './fields.ts';

const known = familyNames('wide');
const family = z.enum(known as [string, ...string[]]);

const generated = {
  type: z.literal('generated').describe('Problems made by the seeded generator; answers by HiGHS, checked by GLPK.'),
  seed: whole().default(0),
  count: whole(1).default(1000).describe('Number of distinct problems; training starts over when they are used up.'),
  families: z
    .union([z.enum(['all', 'wide']), z.array(family).min(1)], { error: `must be all, wide, or a list of ${known.join(', ')}` })
    .default('all')
    .describe('all: the nineteen that the tiny checkpoint knows; wide: those of ratios, percentages and names of two words too.'),
  difficulties: z.array(whole(1).max(3)).min(1).default([1, 2]).describe('Grades from 1 to 3.'),
  wordings: z
    .enum(['seen', 'held_out', 'any'])
    .default('any')
    .describe('held_out: sentence wordings that the cold start had no programs for.'),
  check: z.enum(['full', 'none']).default('full').describe('full keeps an instance only if changing its model changes the optimum.'),
  infeasible_share: share().default(0.03),
  held_out_share: share().default(0.5).describe('With wordings: held_out, the share of sentences in a held-out wording; at least one is.'),
  distractor_share: share()
    .nullable()
    .default(null)
    .describe('Share of problems with a sentence that does not matter; null: more of them with the difficulty.'),
};

const jsonl = {
  type: z.literal('jsonl').describe('One JSON object a line.'),
  path: path(),
  fields: z
    .strictObject({ question: z.string().optional(), answer: z.string().optional(), id: z.string().optional() })
    .prefault({})
    .describe('Names that this file uses; left out, question, en_question and Question are looked for, and likewise the answer and id.'),
  limit: whole(1).optional().describe('Use the first this many problems.'),
};

const file = {
  type: z.literal('file').describe('A published benchmark or any JSON, JSONL, CSV, Parquet or Arrow file, read as by evom data import.'),
  path: path(),
  format: z.string().min(1).default('auto').describe('auto tells it from the records; evom data import --help lists the formats.'),
  fields: jsonl.fields,
  limit: jsonl.limit,
};

const split = (name: 'train' | 'test') =>
  z.enum(['train', 'validation', 'test']).default(name).describe('Generator split; no problem of one split appears in another.');
const weight = { weight: positive().default(1).describe('Relative share of the problems.') };
const mixture = z.literal('mixture').describe('Several sources, drawn by weight.');

const trainGenerated = { ...generated, split: split('train') };
const testGenerated = { ...generated, split: split('test') };

export const generatedDataset = z.strictObject(trainGenerated);

/** What training draws its problems from. */
export const trainDataset = z.discriminatedUnion('type', [
  generatedDataset,
  z.strictObject(jsonl),
  z.strictObject(file),
  z.strictObject({
    type: mixture,
    parts: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({ ...trainGenerated, ...weight }),
          z.strictObject({ ...jsonl, ...weight }),
          z.strictObject({ ...file, ...weight }),
        ]),
      )
      .min(1),
  }),
]);

const measured = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'must be a short name of a-z, 0-9, _ . -')
    .describe('Names its metrics: eval/<name>/pass_at_1.'),
  samples: whole(1).default(1).describe('Completions a problem; pass@k is reported up to this k.'),
  temperature: z.number().gt(0).max(10).optional().describe('That of sampling when left out.'),
  greedy: z.boolean().default(false).describe('Take the likeliest token every time; temperature is then not used.'),
  dialect: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The one of the run’s dialects that its problems are asked in; when left out, drawn problem by problem where the run has several.',
    ),
};

/** One named set of problems on which a policy is measured. */
export const evalSet = z.discriminatedUnion('type', [
  z.strictObject({ ...measured, ...testGenerated }),
  z.strictObject({ ...measured, ...jsonl }),
  z.strictObject({ ...measured, ...file }),
  z.strictObject({
    ...measured,
    type: mixture,
    parts: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({ ...testGenerated, ...weight }),
          z.strictObject({ ...jsonl, ...weight }),
          z.strictObject({ ...file, ...weight }),
        ]),
      )
      .min(1),
  }),
]);

/** A dialect and how often it is asked for. */
export const weightedDialect = z.strictObject({
  name: z.string().min(1),
  weight: nonNegative().default(1).describe('Share; 0: only evaluation sets that name it.'),
});

/** Several, of which one at least is asked for. */
export const weightedDialects = z
  .array(weightedDialect)
  .min(1)
  .refine((list) => list.some(({ weight }) => weight !== 0), { error: 'every weight is 0; one dialect at least must be asked for' });

const written = {
  ...weight,
  dialects: weightedDialects.prefault([{ name: 'highs-js' }]).describe('Dialects of the programs to imitate.'),
  examples: z
    .tuple([whole(), whole(1)])
    .nullable()
    .default(null)
    .describe('Take part only from this example of the run up to that one: a curriculum. null: always.'),
};

/** One source of problem-program pairs for supervised fine-tuning. */
export const sftPart = z.discriminatedUnion('type', [
  z.strictObject({ ...trainGenerated, ...written }),
  z.strictObject({
    ...jsonl,
    fields: z
      .strictObject({ question: z.string().optional(), program: z.string().optional(), id: z.string().optional() })
      .prefault({})
      .describe('program: the field of a program in the first of `dialects`; without it, programs by dialect or the model are used.'),
    ...written,
  }),
]);
