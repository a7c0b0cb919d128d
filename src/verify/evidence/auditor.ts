/** Evidence for a group of outcomes, gathered off the main thread and only where a reward depends on it. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { type Evidence, type ModelComparison, noEvidence } from '../../core/evidence.ts';
import type { LinearModel } from '../../core/linear-model.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Scorable } from '../../core/rollout.ts';
import { EvomError } from '../../lib/errors.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { modelHash } from '../../modeling/identical.ts';
import type { HintName } from '../../modeling/variants.ts';
import { compileHighs } from '../../solvers/highs.ts';
import { createBackend } from '../../solvers/registry.ts';
import { AuditThread } from './audit-thread.ts';
import type { AuditJob, AuditWorkerData } from './audit-worker.ts';
import { entriesOf, largestAudited } from './gather.ts';

export interface AuditorOptions {
  /** The backend that solved the programs' models. */
  readonly backend: string;
  /** Backend that solves accepted models again. `auto`: where a verdict has no proof, GLPK after HiGHS where glpk.js is installed, else HiGHS; `off`: none. */
  readonly crossSolve?: 'auto' | 'off' | (string & {});
  /** Random changes in the comparison with the reference; default 8; 0 asks only whether models are identical. */
  readonly perturbations?: number;
  /** Compare the accepted models of a group with one another where there is no reference; default false. */
  readonly peers?: boolean;
  /** Re-solve variants of wrong models without a reference, to say why they may be wrong; default false. */
  readonly hints?: boolean;
  /** Where relative paths of backends begin; default the working directory. */
  readonly directory?: string;
  /** Tasks remembered; default 10,000. */
  readonly cacheSize?: number;
  /** After this a task is ended and its worker replaced; default 60,000. */
  readonly hardMs?: number;
}

/** What may be scored, with what the judge said of it. */
export interface Judged extends Pick<Scorable, 'outcome' | 'problem'> {
  /** Only right answers are audited: a wrong one earns nothing to be taken away. */
  readonly correct: boolean | null;
}

export interface AuditorStats {
  /** Outcomes asked about, and how many of these were right and needed solves that were not remembered. */
  readonly asked: number;
  readonly gathered: number;
  readonly cacheHits: number;
  /** Tasks that failed twice. */
  readonly faults: number;
}

export interface Auditor {
  /** The second backend in use; null for none. */
  readonly crossBackend: string | null;
  /** Evidence of the outcomes of one problem, in their order. Never rejects for anything that a program does. */
  audit(group: readonly Judged[]): Promise<Evidence[]>;
  stats(): AuditorStats;
  close(): Promise<void>;
}

/**
 * Starts the auditor: one worker thread with its own solvers.
 *
 * Of a wrong answer it says only whether the model is the reference's. What is gathered depends on the outcome, the problem and
 * the options alone, so that it replays.
 *
 * @throws {EvomError} E_CONFIG for an unknown backend, E_SOLVER for one that is asked for by name and cannot be loaded.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome, parseLp } from 'evom';
 * import { createAuditor } from 'evom/verify';
 * const auditor = await createAuditor({ backend: 'highs', crossSolve: 'off' });
 * const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nend');
 * const model = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\nend'); // a row is missing; the optimum is 12 all the same
 * const outcome = { ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }), objective: 12, solution: { x: 4, y: 0 }, model };
 * const problem = { id: 'p', question: '', answer: 12, source: 'test', model: reference };
 * const [evidence] = await auditor.audit([{ outcome, problem, correct: true }]);
 * assert.equal(evidence.comparison, 'different');
 * assert.deepEqual(evidence.objectiveRange, [0, 12]);
 * await auditor.close();
 * ```
 */
export async function createAuditor(options: AuditorOptions): Promise<Auditor> {
  const directory = options.directory ?? process.cwd();
  const second = await secondBackend(options.crossSolve ?? 'auto', options.backend, directory);
  const data: AuditWorkerData = {
    highs: await compileHighs(),
    second,
    hasGlpk: [options.backend, second].includes('glpk') && isInstalled('glpk.js/node'),
    directory,
    settings: { perturbations: options.perturbations ?? 8, sharesProofs: (options.crossSolve ?? 'auto') === 'auto' },
  };
  const thread = new AuditThread(data, options.hardMs ?? 60_000);
  return new WorkerAuditor(thread, second, { peers: options.peers ?? false, hints: options.hints ?? false }, options.cacheSize ?? 10_000);
}

/** The name of the backend to ask. One that is asked for by name is tried here, so that what is wrong with it is told at the start. */
async function secondBackend(wanted: string, first: string, directory: string): Promise<string | null> {
  if (wanted === 'off') return null;
  // glpk.js is optional: `auto` does without it.
  if (wanted === 'auto') return first !== 'highs' ? 'highs' : isInstalled('glpk.js/node') ? 'glpk' : null;
  (await createBackend(wanted, { directory, needs: ['lp', 'milp'] })).close();
  return wanted;
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

class WorkerAuditor implements Auditor {
  readonly crossBackend: string | null;
  readonly #thread: AuditThread;
  readonly #asks: { readonly peers: boolean; readonly hints: boolean };
  readonly #cache: LruCache<Promise<unknown>>;
  readonly #referenceHashes = new WeakMap<LinearModel, string>();
  #stats = { asked: 0, gathered: 0, cacheHits: 0, faults: 0 };

  constructor(thread: AuditThread, crossBackend: string | null, asks: { peers: boolean; hints: boolean }, cacheSize: number) {
    this.#thread = thread;
    this.crossBackend = crossBackend;
    this.#asks = asks;
    this.#cache = new LruCache(cacheSize);
  }

  async audit(group: readonly Judged[]): Promise<Evidence[]> {
    this.#stats.asked += group.length;
    const evidence = await Promise.all(group.map((input) => this.#one(input)));
    return this.#asks.peers ? this.#withPeers(group, evidence) : evidence;
  }

  async #one({ outcome, problem, correct }: Judged): Promise<Evidence> {
    const { model, status, objective, certificate, solution } = outcome;
    const reference = problem.model ?? null;
    if (model === null) return noEvidence;
    const { answer, accepted } = problem;
    if (correct !== true && reference !== null) return { ...noEvidence, comparison: this.#compareHashes(outcome, reference) };
    if (correct !== true) {
      const labels = [answer, ...(accepted ?? [])].filter((label) => typeof label === 'number');
      if (!this.#asks.hints || correct === null || labels.length === 0 || entriesOf(model) > largestAudited) return noEvidence;
      return { ...noEvidence, hints: ((await this.#run({ type: 'hints', model, objective, labels })) as HintName[] | null) ?? [] };
    }
    const task = { model, status, objective, certificate, solution, reference, answer };
    return (await this.#run({ type: 'gather', task })) as Evidence;
  }

  /** The host has hashed the captured model already; a wrong answer is worth no more than that. */
  #compareHashes(outcome: Outcome, reference: LinearModel): ModelComparison {
    const known = this.#referenceHashes.get(reference) ?? modelHash(reference);
    this.#referenceHashes.set(reference, known);
    return outcome.solves.at(-1)?.modelHash === known ? 'identical' : 'different';
  }

  /** Adds to each accepted program which of the group's other accepted programs behave alike. */
  async #withPeers(group: readonly Judged[], evidence: Evidence[]): Promise<Evidence[]> {
    const accepted = group.flatMap(({ correct, outcome, problem }, i) =>
      correct === true && outcome.model !== null && problem.model === undefined ? [{ i, model: outcome.model }] : [],
    );
    // Clusters of models that behave alike; a program joins the first that has its like.
    const clusters: { readonly model: LinearModel; readonly members: number[]; faulted: boolean }[] = [];
    const faulted = new Set<number>();
    for (const { i, model } of accepted) {
      let joined = false;
      for (const cluster of clusters) {
        const comparison = await this.#run({ type: 'compare', a: model, b: cluster.model });
        if (comparison === null) {
          // A fault of ours is no disagreement: of neither side anything is said.
          cluster.faulted = true;
          faulted.add(i);
          continue;
        }
        if (comparison !== 'identical' && comparison !== 'equivalent') continue;
        cluster.members.push(i);
        joined = true;
        break;
      }
      if (!joined) clusters.push({ model, members: [i], faulted: false });
    }
    const known = clusters.filter((cluster) => !cluster.faulted);
    const peersOf = new Map(known.flatMap(({ members }) => members.map((i) => [i, members.length - 1] as const)));
    for (const i of faulted) peersOf.delete(i);
    return evidence.map((one, i) => {
      const alike = peersOf.get(i);
      return alike === undefined || accepted.length < 2 ? one : { ...one, peers: { alike, others: accepted.length - 1 } };
    });
  }

  #run(job: AuditJob): Promise<unknown> {
    // By the model as it stands, names and order included: what is remembered must not depend on which program came first.
    const key = createHash('sha256').update(JSON.stringify(job, exactNumbers)).digest('base64');
    const known = this.#cache.get(key);
    if (known !== undefined) {
      this.#stats.cacheHits += 1;
      return known;
    }
    this.#stats.gathered += 1;
    const result = this.#attempt(job, key);
    this.#cache.set(key, result);
    return result;
  }

  /** Twice at most: a worker that died may have been killed by something else. */
  async #attempt(job: AuditJob, key: string): Promise<unknown> {
    const first = await this.#try(job, { alone: false });
    const answer = first.fault === null ? first : await this.#try(job, { alone: true });
    if (answer.fault === null) return answer.result;
    this.#stats.faults += 1;
    this.#cache.delete(key); // it may go well another time
    return job.type === 'gather' ? { ...noEvidence, fault: answer.fault } : null;
  }

  async #try(job: AuditJob, how: { readonly alone: boolean }): Promise<{ readonly result: unknown; readonly fault: string | null }> {
    try {
      const result = await this.#thread.run(job, how);
      return { result, fault: job.type === 'gather' ? (result as Evidence).fault : null };
    } catch (error) {
      if (error instanceof EvomError) throw error; // closed
      return { result: null, fault: error instanceof Error ? error.message : String(error) };
    }
  }

  stats(): AuditorStats {
    return { ...this.#stats };
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

/** JSON writes infinities as null; here they must stay apart. */
const exactNumbers = (_: string, value: unknown): unknown => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);
