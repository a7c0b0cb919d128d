/**
 * The vitest runner of mutation testing, in vitest's worker: it loads every test file once, and then runs tests by their ids for as long
 * as it is asked, each time under another mutant. What `beforeAll` makes is made once.
 *
 * A test that fails under a mutant is run again without it: when it fails then too, an earlier mutant has left something behind, and
 * the whole process is given up for a fresh one.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { collectTests } from '@vitest/runner';
import { inject, TestRunner } from 'vitest';

export default class WarmWorker extends TestRunner {
  #readySuites = new Set();
  /** Instrumented code looks here for the mutant that is on, and counts what it passes. */
  #state;
  #tests = new Map();
  #isServing = false;

  async onBeforeRunFiles(files) {
    if (this.#isServing) return;
    this.#isServing = true;
    const namespace = inject('mutationNamespace');
    this.#state = globalThis[namespace] ??= {};
    const [first] = files;
    const others = this.workerState.ctx.files.filter(({ filepath }) => filepath !== first.filepath);
    const suites = [first, ...(await collectTests(others, this))];
    const broken = suites.find(({ result }) => result?.state === 'fail');
    for (const suite of suites) this.#collect(suite, inject('mutationRoot'));
    await this.#serve(inject('mutationChannel'), broken && `${broken.filepath}: ${broken.result.errors?.[0]?.stack}`);
  }

  #collect(suite, root) {
    for (const task of suite.tasks) {
      if (task.type === 'suite') this.#collect(task, root);
      else {
        const id = `${task.file.filepath.slice(root.length + 1)}#${titlesOf(task)}`;
        this.#tests.set(this.#tests.has(id) ? `${id} (${this.#tests.size})` : id, task);
      }
    }
  }

  /** Answers requests in their order until the process ends. */
  #serve(name, fault) {
    return new Promise(() => {
      const channel = new BroadcastChannel(name);
      const kinds = { dry: () => this.#dryRun(), mutant: (request) => this.#mutantRun(request) };
      channel.onmessage = async ({ data }) => {
        if (data.to !== 'worker') return;
        try {
          if (fault) throw new Error(fault);
          channel.postMessage({ to: 'runner', result: await kinds[data.kind](data.request) });
        } catch (error) {
          channel.postMessage({ to: 'runner', error: String(error?.stack ?? error) });
        }
      };
      channel.postMessage({ to: 'runner', isReady: true });
    });
  }

  async #dryRun() {
    const tests = [];
    for (const [id, test] of this.#tests) {
      const started = performance.now();
      this.#state.currentTestId = id;
      const failure = await this.#failureOf(test);
      this.#state.currentTestId = undefined;
      tests.push({ id, fileName: test.file.filepath, failure, timeSpentMs: performance.now() - started });
    }
    return { tests, coverage: this.#state.mutantCoverage ?? { static: {}, perTest: {} } };
  }

  async #mutantRun({ activeMutant, hitLimit, testIds }) {
    for (const [index, id] of testIds.entries()) {
      const test = this.#tests.get(id);
      Object.assign(this.#state, { hitCount: 0, hitLimit, activeMutant });
      const failure = await this.#failureOf(test);
      const { hitCount } = this.#state;
      Object.assign(this.#state, { hitCount: undefined, hitLimit: undefined, activeMutant: undefined });
      if (failure === undefined) continue;
      if (hitLimit !== undefined && hitCount > hitLimit) return { hitCount };
      if (failure !== 'skipped' && (await this.#failureOf(test)) !== undefined) return { spoilt: `${id} fails without a mutant` };
      if (failure !== 'skipped') return { failure, killedBy: id, nrOfTests: index + 1 };
    }
    return { nrOfTests: testIds.length };
  }

  /** Undefined where the test passes, `skipped`, or why it fails. */
  async #failureOf(test) {
    if (test.mode !== 'run' && test.mode !== 'queued') return 'skipped';
    const suites = suitesOf(test);
    const cleanups = [];
    test.result = { state: 'run', startTime: Date.now(), retryCount: 0 };
    test.onFinished = [];
    let failure;
    const attempt = async (work) => {
      try {
        await work();
      } catch (error) {
        failure ??=
          error?.message?.includes('test is skipped') || error?.code === 'VITEST_PENDING' ? 'skipped' : `${error?.message ?? error}`;
      }
    };
    await attempt(async () => {
      for (const suite of suites) await this.#prepare(suite);
      this.workerState.current = test;
      this.onBeforeTryTask(test);
      for (const suite of suites)
        for (const hook of TestRunner.getSuiteHooks(suite).beforeEach) cleanups.unshift(await hook(test.context, suite));
      await TestRunner.getTestFn(test)();
      this.onAfterTryTask(test);
    });
    const hooks = suites.toReversed().flatMap((suite) => [...TestRunner.getSuiteHooks(suite).afterEach].reverse());
    for (const hook of [...hooks, ...cleanups, ...[...test.onFinished].reverse()])
      if (typeof hook === 'function') await attempt(() => hook(test.context, test.suite));
    return failure;
  }

  /** What a suite makes before its first test. */
  async #prepare(suite) {
    if (this.#readySuites.has(suite)) return;
    this.#readySuites.add(suite);
    if (suite === suite.file) await this.onBeforeRunSuite(suite);
    for (const hook of TestRunner.getSuiteHooks(suite).beforeAll) await hook({}, suite);
  }
}

/** The file and the suites that a test lies in, from the outermost. */
function suitesOf(test) {
  const suites = [];
  for (let { suite } = test; suite && suite !== test.file; suite = suite.suite) suites.unshift(suite);
  return [test.file, ...suites];
}

const titlesOf = (test) => [...suitesOf(test).slice(1), test].map(({ name }) => name).join(' ');
