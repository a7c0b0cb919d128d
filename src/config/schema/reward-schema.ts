/** `reward` and `audit`: what an outcome earns, and what is asked about an answer before it does. */
import { z } from 'zod';
import { type RewardConfig as Preset, rewardPresets } from '../../reward/reward.ts';
import { consistencyRules } from '../../solve/group-consistency.ts';
import { named, nonNegative, path, positive, share, whole } from './fields.ts';
import { isModulePath, rewardPresets as presetNames, simulatorDialects } from './vocabulary.ts';

const term = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be lower-case letters, digits and _'),
  type: z.string().refine(isModulePath, 'must be the path of a module such as ./my-term.js').describe('Its default export makes the term.'),
  weight: z.number().default(1),
});

/** Settings of `consistency_rule: simulators`. */
const simulators = z.strictObject({
  checkpoint: path()
    .nullable()
    .default(null)
    .describe('Folder of the policy that writes them, sampled in this process; null: policy.checkpoint.'),
  count: whole(1).default(4).describe('Simulators asked for, once a problem.'),
  dialect: z.enum(simulatorDialects).default('simulator-js'),
  temperature: positive().max(10).default(1),
  max_tokens: whole(16).nullable().default(null).describe('Longest simulator; null: 200 for bare prompts, else 2048.'),
});
export type SimulatorRewardConfig = z.output<typeof simulators>;

export const reward = z.strictObject({
  preset: z
    .enum(presetNames)
    .default('evom')
    .describe(
      'evom: format + answer; evom_paper: as EVOM was published; answer: the answer alone; sirl_stage1, sirl_stage2: the weights of SIRL.',
    ),
  format: nonNegative().optional().describe('For a completion that holds a program which parses.'),
  executes: nonNegative().optional().describe('For a program whose solve ended with a verdict.'),
  answer: nonNegative().optional().describe('For the right answer.'),
  solution: nonNegative().optional().describe('For a right answer whose point solves the reference model.'),
  consistency: nonNegative().optional().describe('For a program that the rest of its group and the text bear out; needs no label.'),
  consistency_rule: z
    .enum([...consistencyRules, 'simulators'])
    .default('faithful')
    .describe(
      'faithful: numbers of the text and votes among programs that hold them all; simulators: what simulators of the problem say; agreement, majority: docs/guide/solve.md.',
    ),
  simulators: simulators.optional().describe('Of consistency_rule: simulators.'),
  cross_solver: nonNegative().optional().describe('For an optimum that the second backend of the audit confirms.'),
  terms: z.array(term).default([]).describe('Terms of your own.'),
  format_tags: z
    .array(z.string().regex(/^[A-Za-z][\w-]*$/, 'must be the name of an element, without < and >'))
    .optional()
    .describe('Elements that the format term asks for, in order and once each, e.g. [think, code].'),
  format_rule: z
    .enum(['whole', 'per_tag'])
    .optional()
    .describe('whole: 1 for a program that parses, in these elements; per_tag: a share for each tag, and half for the whole form.'),
  off_form: z.enum(['run', 'skip']).optional().describe('Whether a completion that is not in these elements is run.'),
  value_only_weight: share().default(1).describe('Share of the answer reward that a right value from a wrong model earns.'),
  soft_flag_weight: share().default(1).describe('Share of the answer reward under a soft flag of the audit.'),
  uncertified: z
    .enum(['pays', 'soft', 'denied'])
    .default('pays')
    .describe('A right answer whose verdict has no certificate: only counted, a soft flag, or denied.'),
  overlong: z
    .strictObject({ buffer: whole(1), penalty: nonNegative().default(1) })
    .nullable()
    .default(null)
    .describe('DAPO: penalty that grows over the last `buffer` tokens before max_tokens.'),
});

export const audit = z.strictObject({
  cross_solve: named(['auto', 'off', 'highs', 'glpk'])
    .default('auto')
    .describe('Backend that solves accepted models again. auto: glpk after highs where it is installed, else highs.'),
  perturbations: whole()
    .max(64)
    .default(8)
    .describe('Random changes under which an accepted model is compared with its reference; 0 asks only whether it is identical.'),
  hints: z.boolean().default(false).describe('Re-solve variants of wrong models without a reference, to say why they may be wrong.'),
  peers: z.boolean().default(false).describe('Compare the accepted models of a group with one another where there is no reference.'),
});

type Input = z.output<typeof reward>;
/** What a file may leave to its preset. */
type OfPreset = 'format' | 'executes' | 'answer' | 'solution' | 'consistency' | 'cross_solver' | 'format_tags' | 'format_rule' | 'off_form';
export type RewardConfig = Omit<Input, OfPreset> & { readonly [key in OfPreset]: NonNullable<Input[key]> };

/** The settled reward: what the file says, else the preset's. */
export function resolveReward(input: Input): RewardConfig {
  const { weights: preset, formatTags, formatRule, offForm }: Preset = rewardPresets[input.preset];
  // In the order of the schema, so that a settled configuration settles to the same text.
  return {
    preset: input.preset,
    format: input.format ?? preset.format,
    executes: input.executes ?? preset.executes,
    answer: input.answer ?? preset.answer,
    solution: input.solution ?? preset.solution,
    consistency: input.consistency ?? preset.consistency,
    consistency_rule: input.consistency_rule,
    // Left out where nothing asks for them, so that runs of before there were any go on.
    ...(input.consistency_rule === 'simulators' ? { simulators: simulators.parse(input.simulators ?? {}) } : {}),
    cross_solver: input.cross_solver ?? preset.crossSolver,
    terms: input.terms,
    format_tags: input.format_tags ?? [...formatTags],
    format_rule: input.format_rule ?? formatRule,
    off_form: input.off_form ?? offForm,
    value_only_weight: input.value_only_weight,
    soft_flag_weight: input.soft_flag_weight,
    uncertified: input.uncertified,
    overlong: input.overlong,
  };
}

/** What holds where a file has no `reward` and `audit`. */
export const defaultScoring = { reward: resolveReward(reward.parse({})), audit: audit.parse({}) };
