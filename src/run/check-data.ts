/** Preflight: the problems of a run, read or made once, not empty, and none of them both trained on and evaluated on. */
import { buildProblems, given } from '../config/build/build-problems.ts';
import type { EvalSetConfig, TrainDatasetConfig } from '../config/schema/schema.ts';
import type { Problem } from '../core/problem.ts';
import { EvomError } from '../lib/errors.ts';
import { readProblems } from '../problems/sets/jsonl.ts';
import { normalizedText } from '../problems/sets/label-audit.ts';
import type { Report } from './events.ts';
import { type Finding, fault, ok, warning } from './finding.ts';
import type { RunConfig } from './session.ts';

/** One set of problems: `problems` of a set that the generator makes are null while nothing is made. */
export interface ProblemSet {
  /** The key that configures it, e.g. `dataset.eval.held_out`. */
  readonly key: string;
  readonly problems: readonly Problem[] | null;
  /** What it holds, for people. */
  readonly detail: string;
}

type Source = TrainDatasetConfig | EvalSetConfig;
type Making = (made: number, wanted: number) => void;

/** The training sets of a configuration by their keys: one, or the parts of a supervised stream. */
export const trainingSets = (config: RunConfig, make: boolean, report: Report): (() => Promise<ProblemSet>)[] =>
  config.kind === 'train'
    ? [
        () =>
          problemSet('dataset.train', config.dataset.train, make, (made, wanted) =>
            report({ type: 'making_problems', set: null, made, wanted }),
          ),
      ]
    : config.dataset.train.map((part, i) => async (): Promise<ProblemSet> => {
        const key = `dataset.train[${i}]`;
        if (part.type === 'generated')
          return { key, problems: null, detail: `up to ${part.count} problems of the generator, split ${part.split}` };
        const { program: _, ...fields } = part.fields;
        const problems = await readProblems(part.path, {
          fields: given(fields),
          ...(part.limit === undefined ? {} : { limit: part.limit }),
        });
        if (problems.length === 0) throw new EvomError('E_DATA', `${part.path} holds no problem`);
        return { key, problems, detail: countText(problems) };
      });

export const evaluationSets = (config: RunConfig, make: boolean, report: Report): (() => Promise<ProblemSet>)[] =>
  config.dataset.eval.map(
    (set) => () =>
      problemSet(`dataset.eval.${set.name}`, set, make, (made, wanted) => report({ type: 'making_problems', set: set.name, made, wanted })),
  );

async function problemSet(key: string, source: Source, make: boolean, onProgress: Making): Promise<ProblemSet> {
  const isMade = source.type === 'generated' || (source.type === 'mixture' && source.parts.some((part) => part.type === 'generated'));
  if (!isMade || make) {
    const { problems } = await buildProblems(source, onProgress);
    return { key, problems, detail: countText(problems) };
  }
  const parts = source.type === 'mixture' ? source.parts.flatMap((part) => (part.type === 'generated' ? [] : [part])) : [];
  const read: Problem[] = [];
  for (const part of parts) for (const problem of (await buildProblems(part)).problems) read.push(problem);
  const wanted = (source.type === 'mixture' ? source.parts : [source]).reduce(
    (sum, part) => sum + (part.type === 'generated' ? part.count : 0),
    0,
  );
  const detail = `${wanted} problems of the generator, made when the run starts`;
  return parts.length === 0 ? { key, problems: null, detail } : { key, problems: read, detail: `${countText(read)}, and ${detail}` };
}

const countText = (problems: readonly Problem[]): string => `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;

/**
 * Whether training and evaluation share no problem, by the letters and digits of their texts. Problems of the generator are kept apart by
 * its splits, and compared as well once they are made.
 *
 * @param isResumed a run that has begun goes on, with a warning.
 */
export function checkDisjoint(train: readonly ProblemSet[], evaluation: readonly ProblemSet[], isResumed: boolean): Omit<Finding, 'name'> {
  if (evaluation.length === 0) return ok('no evaluation sets');
  const trained = new Map<string, string>();
  for (const { key, problems } of train)
    for (const { id, question } of problems ?? [])
      if (!trained.has(normalizedText(question))) trained.set(normalizedText(question), `${id} of ${key}`);
  const shared = evaluation.flatMap(({ key, problems }) => {
    const both = (problems ?? []).filter(({ question }) => trained.has(normalizedText(question)));
    const [first] = both;
    return first === undefined
      ? []
      : [
          `${key} shares ${both.length} of its ${problems?.length} problems with the training data (${first.id} is ${trained.get(normalizedText(first.question))})`,
        ];
  });
  if (shared.length === 0) return ok('training and evaluation share no problem');
  const text = `${shared.join('; ')}: what is trained on measures nothing`;
  return isResumed ? warning(text) : fault(`${text}; take other problems, "evom data split" cuts a file in two`, 'E_DATA');
}
