/**
 * Stryker's test runner for this repository: it loads every test file once, and then runs tests by their ids, each time under another
 * mutant, so that a mutant costs its tests and not their loading. The tests that reach a mutant run from the quickest to the slowest,
 * to the first that fails; what `beforeAll` makes is made once.
 *
 * A test that fails under a mutant is run again without it: when it fails then too, an earlier mutant has left something behind, and
 * the process is given up for a fresh one, which is asked for the same mutant.
 */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, determineHitLimitReached, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import { collectTests, getFn, getHooks } from '@vitest/runner';

/** Milliseconds of each test, in Stryker's copy of the repository: for the processes that take over from the one that measured. */
const durationsFile = 'mutation-durations.json';

class WarmRunner {
  /** Instrumented code looks here for the mutant that is on, and counts what it passes. */
  #state;
  #tests = new Map();
  #readySuites = new Set();
  #durations = null;

  /** A process of its own runs this in Stryker's copy of the repository; it serves one load of the tests. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
    this.#state = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE];
    Object.assign(process.env, { NODE_ENV: 'test', VITEST: 'true' });
    this.#serveText();
    // Worker threads and guests run it as it is: thousands of files need no copy.
    if (!existsSync('dist')) symlinkSync(process.env.EVOM_MUTATION_DIST, 'dist');
    register(new URL('load-hooks.mjs', import.meta.url), { data: { root: process.cwd() } });
    const paths = JSON.parse(process.env.EVOM_MUTATION_TESTS).map((path) => resolve(path));
    for (const suite of await collectTests(paths, hostOf())) {
      if (suite.result?.state === 'fail') throw new Error(`${suite.filepath}: ${suite.result.errors?.[0]?.stack}`);
      this.#collect(suite);
    }
  }

  /**
   * Each changed file begins with functions that say whether a mutant is on and that it was passed. A function that is evaluated from
   * its text, as the libraries of the guests are, has left them behind: it finds these.
   */
  #serveText() {
    globalThis.stryNS_9fa48 = () => this.#state;
    globalThis.stryMutAct_9fa48 = (id) => {
      if (this.#state.activeMutant !== id) return false;
      if (this.#state.hitCount !== undefined && ++this.#state.hitCount > this.#state.hitLimit) throw new Error('hit limit reached');
      return true;
    };
    globalThis.stryCov_9fa48 = (...ids) => {
      this.#state.mutantCoverage ??= { static: {}, perTest: {} };
      const { static: always, perTest } = this.#state.mutantCoverage;
      const test = this.#state.currentTestId;
      if (test !== undefined) perTest[test] ??= {};
      const counts = test === undefined ? always : perTest[test];
      for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
    };
  }

  #collect(suite) {
    for (const task of suite.tasks) {
      if (task.type === 'suite') this.#collect(task);
      else {
        const id = `${relative(process.cwd(), task.file.filepath)}#${titlesOf(task)}`;
        this.#tests.set(this.#tests.has(id) ? `${id} (${this.#tests.size})` : id, task);
      }
    }
  }

  async dryRun() {
    const tests = [];
    for (const [id, test] of this.#tests) {
      const started = performance.now();
      this.#state.currentTestId = id;
      const failure = await this.#failureOf(test);
      this.#state.currentTestId = undefined;
      tests.push({ id, name: id, fileName: test.file.filepath, timeSpentMs: performance.now() - started, ...statusOf(failure) });
    }
    writeFileSync(durationsFile, JSON.stringify(Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))));
    return { status: DryRunStatus.Complete, mutantCoverage: this.#state.mutantCoverage ?? { static: {}, perTest: {} }, tests };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    this.#durations ??= JSON.parse(readFileSync(durationsFile, 'utf8'));
    const ids = (testFilter ?? Object.keys(this.#durations)).sort((a, b) => this.#durations[a] - this.#durations[b]);
    for (const [index, id] of ids.entries()) {
      const test = this.#tests.get(id);
      Object.assign(this.#state, { hitCount: 0, hitLimit, activeMutant: activeMutant.id });
      const failure = await this.#failureOf(test);
      const timeout = determineHitLimitReached(this.#state.hitCount, hitLimit);
      Object.assign(this.#state, { hitCount: undefined, hitLimit: undefined, activeMutant: undefined });
      if (failure === undefined || failure === skipped) continue;
      if (timeout !== undefined) return { status: MutantRunStatus.Timeout, reason: timeout.reason };
      // Stryker answers a rejection with a new process.
      if ((await this.#failureOf(test)) !== undefined) throw new Error(`${id} fails without a mutant`);
      return { status: MutantRunStatus.Killed, failureMessage: failure, killedBy: [id], nrOfTests: index + 1 };
    }
    return { status: MutantRunStatus.Survived, nrOfTests: ids.length };
  }

  /** Undefined where the test passes, `skipped`, or why it fails. */
  async #failureOf(test) {
    if (test.mode !== 'run' && test.mode !== 'queued') return skipped;
    const suites = suitesOf(test);
    const cleanups = [];
    Object.assign(test, { result: { state: 'run', startTime: Date.now() }, onFinished: [], promises: undefined });
    let failure;
    const attempt = async (work) => {
      try {
        await work();
      } catch (error) {
        failure ??= error?.code === 'VITEST_PENDING' ? skipped : `${error?.message ?? error}`;
      }
    };
    await attempt(async () => {
      for (const suite of suites) await this.#prepare(suite);
      for (const suite of suites) for (const hook of getHooks(suite).beforeEach) cleanups.unshift(await hook(test.context, suite));
      await getFn(test)();
    });
    const hooks = suites.toReversed().flatMap((suite) => [...getHooks(suite).afterEach].reverse());
    for (const hook of [...hooks, ...cleanups, ...[...test.onFinished].reverse()])
      if (typeof hook === 'function') await attempt(() => hook(test.context, test.suite));
    return failure;
  }

  /** What a suite makes before its first test. */
  async #prepare(suite) {
    if (this.#readySuites.has(suite)) return;
    this.#readySuites.add(suite);
    for (const hook of getHooks(suite).beforeAll) await hook({}, suite);
  }
}

/** A failure that is none. */
const skipped = Symbol('skipped');

function statusOf(failure) {
  if (failure === undefined) return { status: TestStatus.Success };
  return failure === skipped ? { status: TestStatus.Skipped } : { status: TestStatus.Failed, failureMessage: failure };
}

/** What `@vitest/runner` asks of the program that it is part of. */
const hostOf = () => ({
  config: {
    root: process.cwd(),
    setupFiles: [resolve('test/setup/property-seed.ts')],
    sequence: { hooks: 'stack', setupFiles: 'list' },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    allowOnly: true,
    maxConcurrency: 1,
    retry: 0,
    tags: [],
  },
  pool: 'process',
  importFile: (path) => import(pathToFileURL(path).href),
  trace: (_name, attributes, work = attributes) => work(),
});

/** The file and the suites that a test lies in, from the outermost. */
function suitesOf(test) {
  const suites = [];
  for (let { suite } = test; suite && suite !== test.file; suite = suite.suite) suites.unshift(suite);
  return [test.file, ...suites];
}

const titlesOf = (test) => [...suitesOf(test).slice(1), test].map(({ name }) => name).join(' ');

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'warm', WarmRunner)];
