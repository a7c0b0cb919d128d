/** Rollout groups as one Arrow file: everything needed to judge, score and train on them again without sampling. */

import { type LinearModelJson, linearModelFromJson, linearModelToJson } from '../core/linear-model.ts';
import { outcomeStatuses } from '../core/outcome.ts';
import { outcomeFromJson, outcomeToJson } from '../core/outcome-json.ts';
import { type Problem, taskKey } from '../core/problem.ts';
import type { Completion, Rollout, RolloutGroup, Turn } from '../core/rollout.ts';
import { EvomError } from '../lib/errors.ts';
import { type Columns, readTable, type TableReader, writeTable } from './table.ts';

const rolloutsVersion = '1';
const rolloutsVersionKey = 'evom.rollouts_version';

/**
 * Writes groups, one row a rollout. Problems and outcomes are JSON (bounds at infinity as null), token ids and
 * log-probabilities lists. The file appears whole or not at all.
 *
 * @param options.mostPrinted characters of a program's printed text that are kept, from its beginning and its end; all when left out.
 * @throws {EvomError} E_BATCH when two groups have the same id, or one has no rollouts and so no row.
 */
export async function writeRollouts(
  path: string,
  groups: readonly RolloutGroup[],
  { mostPrinted = Number.POSITIVE_INFINITY }: { readonly mostPrinted?: number } = {},
): Promise<void> {
  const ids = new Set<string>();
  for (const { groupId, rollouts } of groups) {
    if (ids.has(groupId)) throw new EvomError('E_BATCH', `${path}: two groups have the id ${groupId}; give each group its own`);
    if (rollouts.length === 0) throw new EvomError('E_BATCH', `${path}: group ${groupId} has no rollouts; leave it out`);
    ids.add(groupId);
  }
  const problems = new Map(groups.map(({ problem }) => [problem, { json: problemJson(problem), key: taskKey(problem) }]));
  const rows = groups.flatMap((group) =>
    group.rollouts.map((rollout) => ({ group, rollout, completion: rollout.completion, reward: rollout.reward })),
  );
  type Row = (typeof rows)[number];
  const text = (value: (row: Row) => string | null) => ({ type: 'utf8', values: rows.map(value) }) as const;
  const words = (value: (row: Row) => string) => ({ type: 'dictionary', values: rows.map(value) }) as const;
  const int = (value: (row: Row) => number) => ({ type: 'int32', values: rows.map(value) }) as const;
  const double = (value: (row: Row) => number | null) => ({ type: 'float64', values: rows.map(value) }) as const;
  const bool = (value: (row: Row) => boolean | null) => ({ type: 'bool', values: rows.map(value) }) as const;
  const ints = (value: (row: Row) => Int32Array) => ({ type: 'list_int32', values: rows.map(value) }) as const;
  await writeTable(
    path,
    {
      group_id: words(({ group }) => group.groupId),
      sample_index: int(({ rollout }) => rollout.sampleIndex),
      gen_step: int(({ group }) => group.genStep),
      problem_id: words(({ group }) => group.problem.id),
      task_key: words(({ group }) => problems.get(group.problem)?.key ?? ''),
      problem: words(({ group }) => problems.get(group.problem)?.json ?? ''),
      prompt_text: words(({ group }) => group.prompt.text),
      prompt_ids: ints(({ group }) => group.prompt.tokenIds),
      seed: text(({ rollout }) => rollout.seed),
      completion_text: text(({ rollout }) => rollout.completionText),
      completion_ids: ints(({ completion }) => completion.tokenIds),
      logprobs: { type: 'list_float32', values: rows.map(({ completion }) => completion.logprobs) },
      entropy: double(({ completion }) => completion.entropy),
      finish_reason: words(({ completion }) => completion.finishReason),
      policy_version: int(({ completion }) => completion.policyVersion),
      dialect: text(({ rollout }) => rollout.program?.dialect ?? null),
      program: text(({ rollout }) => rollout.program?.code ?? null),
      status: words(({ rollout }) => rollout.outcome.status),
      objective: double(({ rollout }) => rollout.outcome.objective),
      outcome: text(({ rollout }) =>
        JSON.stringify(outcomeToJson({ ...rollout.outcome, stdout: cut(rollout.outcome.stdout, mostPrinted) })),
      ),
      reward: double(({ reward }) => reward.value),
      reward_components: { type: 'struct_float64', values: rows.map(({ reward }) => reward.parts) },
      correct: bool(({ reward }) => reward.correct),
      identical: bool(({ reward }) => reward.identical),
      flags: { type: 'list_utf8', values: rows.map(({ reward }) => reward.flags) },
      ...turnColumns(rows.map(({ rollout }) => rollout)),
    },
    { [rolloutsVersionKey]: rolloutsVersion },
  );
}

/** Columns that a file has where an episode of it has several turns. */
function turnColumns(rollouts: readonly Rollout[]): Columns {
  if (rollouts.every(({ turns }) => turns === undefined)) return {};
  return {
    turns: { type: 'utf8', values: rollouts.map(({ turns }) => (turns === undefined ? null : JSON.stringify(turns))) },
    turn_lengths: { type: 'list_int32', values: rollouts.map(({ completion }) => completion.turnLengths ?? null) },
  };
}

/** Beginning and end of a text that is longer than `most`. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)}\n... ${text.length - 2 * half} characters left out ...\n${text.slice(-half)}`;
}

/**
 * Reads groups back, equal to what was written and in the same order.
 *
 * @throws {EvomError} E_BATCH when the file is not one of rollouts, or a value is broken; names row and column.
 */
export async function readRollouts(path: string): Promise<RolloutGroup[]> {
  const table = await readTable(path);
  const version = table.metadata.get(rolloutsVersionKey);
  if (version !== rolloutsVersion)
    throw new EvomError('E_BATCH', `${path}: ${rolloutsVersionKey} is ${version ?? 'missing'}, this evom reads ${rolloutsVersion}`);
  const required = <T>(name: string, values: readonly (T | null)[]) => {
    return (row: number): T => {
      const value = values[row];
      if (value === null || value === undefined) throw new EvomError('E_BATCH', `${path}: row ${row}, column ${name} is null`);
      return value;
    };
  };
  const text = (name: string) => required(name, table.strings(name));
  const number = (name: string) => required(name, table.numbers(name));
  const column = {
    groupId: text('group_id'),
    genStep: number('gen_step'),
    problem: text('problem'),
    promptText: text('prompt_text'),
    promptIds: required('prompt_ids', table.lists('prompt_ids', Int32Array)),
  };
  const rolloutAt = rolloutReader(table, text, number, required);
  const groups = new Map<string, { group: Omit<RolloutGroup, 'rollouts'>; rollouts: Rollout[] }>();
  for (let row = 0; row < table.numRows; row++) {
    const groupId = column.groupId(row);
    let entry = groups.get(groupId);
    if (!entry) {
      const problem = parsed(column.problem(row), path, row, 'problem', problemFromJson);
      const prompt = { text: column.promptText(row), tokenIds: column.promptIds(row) };
      entry = { group: { groupId, problem, prompt, genStep: column.genStep(row) }, rollouts: [] };
      groups.set(groupId, entry);
    }
    entry.rollouts.push(rolloutAt(row));
  }
  return [...groups.values()].map(({ group, rollouts }) => ({ ...group, rollouts }));
}

type Getter<T> = (row: number) => T;

function rolloutReader(
  table: TableReader,
  text: (name: string) => Getter<string>,
  number: (name: string) => Getter<number>,
  required: <T>(name: string, values: readonly (T | null)[]) => Getter<T>,
): Getter<Rollout> {
  const { path } = table;
  const sampleIndex = number('sample_index');
  const seed = text('seed');
  const completionText = text('completion_text');
  const tokenIds = required('completion_ids', table.lists('completion_ids', Int32Array));
  const logprobs = required('logprobs', table.lists('logprobs', Float32Array));
  const entropy = table.numbers('entropy');
  const finishReason = text('finish_reason');
  const policyVersion = number('policy_version');
  const dialect = table.strings('dialect');
  const code = table.strings('program');
  const outcome = text('outcome');
  const value = table.numbers('reward');
  const parts = table.records('reward_components');
  const correct = table.booleans('correct');
  const identical = table.booleans('identical');
  const flags = table.stringLists('flags');
  const turns = table.has('turns') ? table.strings('turns') : [];
  const turnLengths = table.has('turn_lengths') ? table.lists('turn_lengths', Int32Array) : [];
  return (row) => {
    const reason = finishReason(row);
    if (reason !== 'stop' && reason !== 'length')
      throw new EvomError('E_BATCH', `${path}: row ${row}, column finish_reason is "${reason}"; it is stop or length`);
    const [told, lengths] = [turns[row] ?? null, turnLengths[row] ?? null];
    const completion: Completion = {
      tokenIds: tokenIds(row),
      logprobs: logprobs(row),
      entropy: entropy[row] ?? null,
      finishReason: reason,
      policyVersion: policyVersion(row),
      ...(lengths === null ? {} : { turnLengths: lengths }),
    };
    const [programCode, programDialect] = [code[row] ?? null, dialect[row] ?? null];
    return {
      sampleIndex: sampleIndex(row),
      seed: seed(row),
      completion,
      completionText: completionText(row),
      program: programCode === null || programDialect === null ? null : { code: programCode, dialect: programDialect },
      outcome: parsed(outcome(row), path, row, 'outcome', outcomeFromJson),
      reward: {
        value: value[row] ?? null,
        parts: parts[row] ?? {},
        correct: correct[row] ?? null,
        identical: identical[row] ?? null,
        flags: flags[row] ?? [],
      },
      ...(told === null ? {} : { turns: parsed(told, path, row, 'turns', turnsFromJson) }),
    };
  };
}

/** @throws {TypeError} for anything else than the turns of an episode. */
function turnsFromJson(json: unknown): readonly Turn[] {
  const isTurn = (one: Partial<Turn> | null): boolean =>
    typeof one?.text === 'string' && outcomeStatuses.some((status) => status === one.status) && one.program !== undefined;
  if (Array.isArray(json) && json.every(isTurn)) return json as Turn[];
  throw new TypeError('turns are a list of {text, program, status, told}');
}

type ProblemJson = Omit<Problem, 'model'> & { readonly model?: LinearModelJson };

function problemJson(problem: Problem): string {
  return JSON.stringify(problem.model ? { ...problem, model: linearModelToJson(problem.model) } : problem);
}

function problemFromJson(json: ProblemJson): Problem {
  const { model, ...rest } = json;
  return model ? { ...rest, model: linearModelFromJson(model) } : rest;
}

function parsed<Json, T>(text: string, path: string, row: number, column: string, read: (json: Json) => T): T {
  try {
    return read(JSON.parse(text) as Json);
  } catch (cause) {
    throw new EvomError('E_BATCH', `${path}: row ${row}, column ${column} is not the JSON it should be`, { cause });
  }
}
