/** Formats of one question with one answer a record, under the names that each benchmark gives them. */

import { type LabelStyle, labelForms, plainLabels, readLabel, shownLabel, sirlFixedLabels } from '../problems/sets/labels.ts';
import { type Draft, type Fields, type Format, has, kindOfWord, pick, pythonPrograms, withMeta } from './format.ts';

interface Columns {
  readonly question: string;
  readonly answer: string;
  /** Fields that may hold the record's key, the first present one counting. */
  readonly keys: readonly string[];
  readonly labels?: LabelStyle;
  /** Fields kept in `meta`. */
  readonly meta?: readonly string[];
  readonly kind?: string;
  /** Field of a Python program. */
  readonly program?: string;
}

/** Reads one record; a label that means nothing known is named, never guessed. */
export function questionWithAnswer(record: Fields, columns: Columns): Draft {
  const question = record[columns.question];
  if (typeof question !== 'string' || question.trim() === '') {
    return {
      field: columns.question,
      message: question === undefined || question === null ? 'is missing' : 'is not a text with words in it',
    };
  }
  const published = record[columns.answer];
  const label = readLabel(published === undefined ? null : published, columns.labels ?? plainLabels);
  if (label === undefined) {
    return {
      field: columns.answer,
      message: `is ${shownLabel(published)}; give ${labelForms}`,
    };
  }
  const key = columns.keys.map((name) => record[name]).find((value) => typeof value === 'string' || typeof value === 'number');
  const isWord = typeof label.answer === 'string' || (label.answer === null && typeof published === 'string' && published !== '');
  return {
    key: (key as string | number | undefined) ?? null,
    question,
    ...label,
    ...kindOfWord(columns.kind === undefined ? undefined : record[columns.kind]),
    ...(columns.program === undefined ? {} : pythonPrograms(record[columns.program])),
    // What stood there, where the answer is a word: "No Best Solution" says less than "infeasible".
    ...withMeta({ ...pick(record, columns.meta ?? []), ...(isWord ? { label: published } : {}) }),
  };
}

const enMeta = ['difficulty', 'question_type', 'type', 'scene', 'scenario_id', 'cn_question', 'original_answer', 'orginal_answer'] as const;

export const questionAnswerFormats: readonly Format[] = [
  {
    name: 'orlm-results',
    description: 'ORLM executed.jsonl: en_question, en_answer, the written coptpy program and what COPT printed',
    matches: (record) => has(record, 'en_question', 'en_answer', 'execution_state'),
    read: (record) => [
      questionWithAnswer(
        { ...record, origin: record.source, recorded: { state: record.execution_state, value: record.execution_best_solution } },
        {
          question: 'en_question',
          answer: 'en_answer',
          keys: [],
          program: 'en_math_model_coptpy_code',
          kind: 'type',
          meta: [...enMeta, 'origin', 'recorded'],
        },
      ),
    ],
  },
  {
    name: 'sirl-fixed',
    description: "SIRL's corrected MAMO: en_question, en_answer (-9999 is infeasible), is_checked, original_answer",
    matches: (record) => has(record, 'en_question', 'en_answer', 'is_checked'),
    read: (record) => [
      questionWithAnswer(record, { question: 'en_question', answer: 'en_answer', keys: ['id'], labels: sirlFixedLabels, meta: enMeta }),
    ],
  },
  {
    name: 'verl',
    description: "SIRL's and verl's Parquet: prompt (chat), reward_model.ground_truth, data_source, extra_info",
    matches: (record) => has(record, 'prompt', 'reward_model'),
    read: (record) => [verlDraft(record)],
  },
  {
    name: 'en',
    description: 'en_question, en_answer: SIRL, OptMATH, ORLM, IndustryOR, BWOR, RetailOpt; "No Best Solution" or -99999 for none',
    matches: (record) => has(record, 'en_question') && 'en_answer' in record,
    read: (record) => [
      questionWithAnswer(record, { question: 'en_question', answer: 'en_answer', keys: ['id'], kind: 'question_type', meta: enMeta }),
    ],
  },
  {
    name: 'mamo',
    description: 'MAMO: id, Question, Answer, Category, Type',
    matches: (record) => has(record, 'Question', 'Answer', 'Type'),
    read: (record) => [questionWithAnswer(record, { question: 'Question', answer: 'Answer', keys: ['id'], meta: ['Category', 'Type'] })],
  },
  {
    name: 'llmopt',
    description: 'LLMOPT test sets: question, answer, ori, index',
    matches: (record) => has(record, 'question', 'answer', 'ori', 'index'),
    read: (record) => [questionWithAnswer(record, { question: 'question', answer: 'answer', keys: ['index'], meta: ['ori'] })],
  },
  {
    name: 'optimind',
    description: 'OptiMind CSV: problem_class, question, answer, which may list several accepted values',
    matches: (record) => has(record, 'problem_class', 'question', 'answer'),
    read: (record) => [questionWithAnswer(record, { question: 'question', answer: 'answer', keys: [], meta: ['problem_class'] })],
  },
  {
    name: 'logior',
    description: 'LogiOR summary: description, ground_truth, problem_type, details',
    matches: (record) => has(record, 'description') && 'ground_truth' in record,
    read: (record) => [
      questionWithAnswer(record, {
        question: 'description',
        answer: 'ground_truth',
        keys: ['id', 'index', 'key'],
        kind: 'problem_type',
        meta: ['problem_type', 'problem_size', 'details', 'title'],
      }),
    ],
  },
  {
    name: 'program-record',
    description: 'stored programs: question, code, api, published_label, and what the origin recorded',
    matches: (record) => has(record, 'question', 'code', 'api') && 'published_label' in record,
    read: (record) => {
      const draft = questionWithAnswer(record, {
        question: 'question',
        answer: 'published_label',
        keys: ['id'],
        meta: ['recorded', 'reference', 'author', 'source'],
      });
      if (!('question' in draft) || typeof record.code !== 'string' || typeof record.api !== 'string') return [draft];
      return [{ ...draft, programs: { [record.api]: record.code } }];
    },
  },
  {
    name: 'or-instruct',
    description: 'OR-Instruct: prompt ("# Question:" inside), completion with a coptpy program; no answer',
    matches: (record) => has(record, 'prompt', 'completion') && typeof record.prompt === 'string',
    read: (record) => [orInstructDraft(record)],
  },
];

/** The question of ORLM's instruction prompt, or the whole prompt where it has no such heading. */
function orInstructDraft(record: Fields): Draft {
  const prompt = String(record.prompt);
  const inside = /# Question:\s*\n([\s\S]*?)(?:\n+# Response:\s*)?$/.exec(prompt)?.[1]?.trim();
  return questionWithAnswer(
    { question: inside ?? prompt, answer: record.answer ?? null, completion: record.completion },
    { question: 'question', answer: 'answer', keys: [], program: 'completion' },
  );
}

interface ChatMessage {
  readonly role?: unknown;
  readonly content?: unknown;
}

/** verl's row: the question by name where it is given, else what the user says last. */
function verlDraft(record: Fields): Draft {
  const extra = (record.extra_info ?? {}) as Fields;
  const messages = Array.isArray(record.prompt) ? (record.prompt as readonly ChatMessage[]) : [];
  const asked = messages.filter((message) => message.role === 'user').at(-1)?.content;
  const truth = (record.reward_model as Fields).ground_truth;
  const question = record.en_question ?? extra.question ?? asked ?? record.prompt;
  const answer = record.en_answer ?? truth;
  return questionWithAnswer(
    {
      question,
      answer,
      key: extra.index ?? null,
      output: record.output,
      data_source: record.data_source,
      ability: record.ability,
      sol: record.sol,
    },
    { question: 'question', answer: 'answer', keys: ['key'], program: 'output', meta: ['data_source', 'ability', 'sol'] },
  );
}
