/** Which problem a client means: one of ours by id or text, or one that it brings. */
import type { Problem } from '../core/problem.ts';
import { HttpRefusal } from '../lib/http-server.ts';
import { problemFromRecord } from '../problems/sets/record.ts';
import { type Body, isObject } from './format.ts';
import { type ProblemStore, UnknownProblem } from './problem-store.ts';

/** What a label or data set says to name a problem of ours by its id, beyond doubt: it may also be an answer. */
export const idPrefix = 'evom:';

/** @throws {HttpRefusal} 422 where no problem has the id. */
export const problemById = (store: ProblemStore, id: unknown): Problem =>
  found(() => store.byId(typeof id === 'number' ? String(id) : textOf(id, 'the id of the problem')));

/**
 * The problem that `problem` names or that `question` and `answer` are.
 *
 * @throws {HttpRefusal} 422 with what is missing or unknown.
 */
export function askedProblem(store: ProblemStore, body: Body): Problem {
  const { problem, question, answer } = body;
  if (problem !== undefined && problem !== null) {
    if (question !== undefined) throw new HttpRefusal(422, '"problem" and "question" exclude each other; leave one out');
    const name = typeof problem === 'number' ? String(problem) : textOf(problem, '"problem"');
    return /^sha256:[0-9a-f]{64}$/.test(name) ? problemByText(store, name) : problemById(store, name);
  }
  if (question === undefined) throw new HttpRefusal(422, 'name a "problem" by its id or text hash, or send "question" and "answer"');
  if (answer === undefined) return problemByText(store, textOf(question, '"question"'));
  return ownProblem(body);
}

/** A problem that the client brings with its answer. */
function ownProblem(record: Body): Problem {
  const { id, question, answer, accepted, model } = record;
  const given = {
    question,
    answer,
    ...(id === undefined ? {} : { id }),
    ...(accepted === undefined ? {} : { accepted }),
    ...(model === undefined ? {} : { model }),
  };
  const read = problemFromRecord(given, { fields: {}, source: 'client' });
  if ('message' in read) throw new HttpRefusal(422, `"${read.field}" ${read.message}`);
  return read.problem;
}

/** @throws {HttpRefusal} 422 where the text is about no problem of ours. */
export const problemByText = (store: ProblemStore, text: string): Problem => found(() => store.byText(text));

/**
 * The problem of a sample as trainers send it: its label where that names one (`evom:ID`, or JSON of `problem` or of `question` and
 * `answer`), else the one that the prompt holds. A label that is a mere number is not taken for an id.
 */
export function labelledProblem(store: ProblemStore, prompt: unknown, label: unknown): Problem {
  if (typeof label === 'string' && label.startsWith(idPrefix)) return problemById(store, label.slice(idPrefix.length));
  const record = isObject(label) ? label : typeof label === 'string' && /^\s*\{/.test(label) ? parsed(label) : null;
  if (record !== null) return askedProblem(store, record);
  return problemByText(store, promptText(prompt));
}

function parsed(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The last user turn of a prompt: a text, or messages whose content is a text or a list of parts with one. */
export function promptText(prompt: unknown): string {
  if (typeof prompt === 'string') return prompt;
  if (!Array.isArray(prompt)) throw new HttpRefusal(422, 'the prompt is neither a text nor a list of messages');
  const user = prompt.filter((message) => isObject(message) && message.role === 'user').at(-1) as Body | undefined;
  if (user === undefined) throw new HttpRefusal(422, 'the prompt has no message of the user');
  return contentText(user.content);
}

/** The text of a message: a text, or the texts of its parts. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new HttpRefusal(422, `${what} is not a text`);
}

function found(find: () => Problem): Problem {
  try {
    return find();
  } catch (error) {
    if (error instanceof UnknownProblem) throw new HttpRefusal(422, error.message);
    throw error;
  }
}
