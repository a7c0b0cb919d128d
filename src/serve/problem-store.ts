/** The problems that a server scores for: found by id or by text, asked as prompts; their answers stay here. */
import { createHash } from 'node:crypto';
import type { Problem, Split } from '../core/problem.ts';
import { buildPrompt, type ChatMessage, type PromptTemplate } from '../dialects/prompt.ts';
import { dialectByName } from '../dialects/registry.ts';
import { EvomError } from '../lib/errors.ts';
import { faultList } from '../lib/fault-list.ts';
import { LruCache } from '../lib/lru-cache.ts';

/** How every problem is asked. */
export interface Asking {
  readonly dialect: string;
  readonly template: PromptTemplate;
  /** Worked examples before the question. */
  readonly examples: number;
}

/** What a client may know of a problem: no answer, no reference. */
export interface PublicProblem {
  readonly id: string;
  readonly split: Split;
  readonly dialect: string;
  /** Equal for equal texts, whatever their white space: `sha256:` and 64 hexadecimal digits. */
  readonly text_hash: string;
  readonly prompt: readonly ChatMessage[];
}

/** A set as it was named, e.g. by its file. */
export interface NamedProblems {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** A text that names no problem, or several; `status` is what HTTP calls it. */
export class UnknownProblem extends Error {}

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
const hashOf = (text: string): string => `sha256:${createHash('sha256').update(plain(text)).digest('hex')}`;

/** Prompts of which the problem is remembered: a group asks with one prompt many times. */
const rememberedPrompts = 10_000;

export class ProblemStore {
  readonly asking: Asking;
  readonly #byId = new Map<string, Problem>();
  /** By the hash of the question; several problems may share a text. */
  readonly #byText = new Map<string, Problem[]>();
  readonly #bySplit = new Map<Split, Problem[]>();
  readonly #texts: (readonly [text: string, problem: Problem])[] = [];
  readonly #ofPrompt = new LruCache<Problem>(rememberedPrompts);

  /** By the id without the set that it begins with; null where several sets have it. */
  readonly #byShortId = new Map<string, Problem | null>();

  /** @throws {EvomError} E_DATA when an id comes twice. */
  constructor(sets: readonly NamedProblems[], asking: Asking) {
    this.asking = asking;
    const faults: string[] = [];
    for (const { name, problems } of sets) {
      for (const problem of problems) {
        if (this.#byId.has(problem.id)) faults.push(`${name}: the id ${JSON.stringify(problem.id)} comes twice; give each problem its own`);
        this.#byId.set(problem.id, problem);
        const short = problem.id.replace(/^[^/]*\//, '');
        this.#byShortId.set(short, this.#byShortId.has(short) ? null : problem);
        this.#texts.push([plain(problem.question), problem]);
        append(this.#byText, hashOf(problem.question), problem);
        append(this.#bySplit, splitOf(problem), problem);
      }
    }
    if (faults.length > 0) throw new EvomError('E_DATA', faultList(faults));
    // The longest first: where one text is the beginning of another, the prompt is about the other.
    this.#texts.sort(([a], [b]) => b.length - a.length);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The splits that there are, with their sizes. */
  splits(): { readonly name: Split; readonly size: number }[] {
    return [...this.#bySplit].map(([name, { length }]) => ({ name, size: length }));
  }

  /** The problems of a split in the order of their files; of all splits without one. */
  ofSplit(split?: string): readonly Problem[] {
    return split === undefined ? [...this.#byId.values()] : (this.#bySplit.get(split as Split) ?? []);
  }

  /**
   * @param id whole, `SET/ID`, or without the set where only one has it.
   * @throws {UnknownProblem}
   */
  byId(id: string): Problem {
    const problem = this.#byId.get(id) ?? this.#byShortId.get(id);
    if (problem === null) throw new UnknownProblem(`several sets have a problem ${shown(id)}; send its whole id, SET/ID`);
    if (problem !== undefined) return problem;
    throw new UnknownProblem(`no problem has the id ${shown(id)}; GET /v1/problems lists them`);
  }

  /**
   * The problem that a text is about: its question, the hash of its question, or a prompt that holds its question, in any chat template.
   *
   * @throws {UnknownProblem} also where problems with different answers share the text.
   */
  byText(text: string): Problem {
    const hash = /^sha256:[0-9a-f]{64}$/.test(text) ? text : hashOf(text);
    const known = this.#ofPrompt.get(hash);
    if (known !== undefined) return known;
    const exact = this.#byText.get(hash);
    const problem = exact === undefined ? this.#heldBy(plain(text)) : one(exact);
    this.#ofPrompt.set(hash, problem);
    return problem;
  }

  /** What a client may know of a problem. */
  publicOf(problem: Problem): PublicProblem {
    const { dialect, template, examples } = this.asking;
    return {
      id: problem.id,
      split: splitOf(problem),
      dialect,
      text_hash: hashOf(problem.question),
      prompt: buildPrompt(template, problem.question, dialectByName(dialect), { examples }),
    };
  }

  #heldBy(prompt: string): Problem {
    const held = this.#texts.find(([text]) => prompt.includes(text));
    if (held === undefined) throw new UnknownProblem(`no problem has the text ${shown(prompt)}; send the id of the problem`);
    return one(this.#byText.get(hashOf(held[0])) ?? [held[1]]);
  }
}

export const splitOf = ({ split }: Problem): Split => split ?? 'train';

function one(problems: readonly Problem[]): Problem {
  const [first, ...others] = problems;
  if (first === undefined) throw new UnknownProblem('no problem has that text; send the id of the problem');
  const twin = others.find(({ answer }) => answer !== first.answer);
  if (twin === undefined) return first;
  throw new UnknownProblem(
    `the problems ${shown(first.id)} and ${shown(twin.id)} have one text and two answers; send the id of the problem`,
  );
}

const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);

function append<Key>(map: Map<Key, Problem[]>, key: Key, problem: Problem): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [problem]);
  else list.push(problem);
}
