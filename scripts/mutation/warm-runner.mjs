/**
 * Stryker's side of `warm-worker.mjs`: a test runner whose vitest is started once and stays warm, so that a mutant costs its tests and
 * not their loading. The tests that reach a mutant run from the quickest to the slowest, to the first that fails.
 */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, determineHitLimitReached, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';

/** In Stryker's copy of the repository. */
const durationsFile = 'mutation-durations.json';

class WarmRunner {
  #name = `evom-mutation-${process.pid}`;
  #channel = new BroadcastChannel(this.#name);
  /** Takes the worker's next word. */
  #heard = null;
  #vitest;
  /** Milliseconds of each test, by its id; written down for the processes that take over from the one that measured. */
  #durations = null;

  /** A process of its own runs this in Stryker's copy of the repository; it serves one load of the tests. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    process.env.NODE_ENV = 'test';
    process.env.VITEST = '1';
    // Worker threads and guests run it as it is: thousands of files need no copy.
    if (!existsSync('dist')) symlinkSync(process.env.EVOM_MUTATION_DIST, 'dist');
    const { createVitest } = await import(pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve('vitest/node')).href);
    const options = { config: 'scripts/mutation/vitest.config.ts', watch: false, coverage: { enabled: false }, onConsoleLog: () => false };
    this.#vitest = await createVitest('test', options);
    this.#vitest.provide('mutationChannel', this.#name);
    this.#vitest.provide('mutationNamespace', INSTRUMENTER_CONSTANTS.NAMESPACE);
    this.#vitest.provide('mutationRoot', process.cwd());
    this.#channel.onmessage = ({ data }) => data.to === 'runner' && this.#heard?.(data);
    const ready = new Promise((resolve) => {
      this.#heard = resolve;
    });
    // The run ends only when it fails: the worker serves until the process is ended.
    const run = this.#vitest.start().then(() => {
      const [error] = this.#vitest.state.getUnhandledErrors();
      throw new Error(`vitest has ended before it was asked for anything: ${error?.stack ?? 'no test file was found'}`);
    });
    await Promise.race([ready, run]);
    run.catch(() => {});
  }

  async dryRun() {
    const { tests, coverage } = await this.#ask('dry', {});
    writeFileSync(durationsFile, JSON.stringify(Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))));
    return {
      status: DryRunStatus.Complete,
      mutantCoverage: coverage,
      tests: tests.map(({ failure, ...test }) => ({ ...test, name: test.id, ...statusOf(failure) })),
    };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    this.#durations ??= JSON.parse(readFileSync(durationsFile, 'utf8'));
    const testIds = (testFilter ?? Object.keys(this.#durations)).sort((a, b) => this.#durations[a] - this.#durations[b]);
    const result = await this.#ask('mutant', { activeMutant: activeMutant.id, hitLimit, testIds });
    // Stryker answers a rejection with a new process and asks that for the same mutant.
    if (result.spoilt !== undefined) throw new Error(result.spoilt);
    const { hitCount, failure, killedBy, nrOfTests } = result;
    if (hitCount !== undefined) return { status: MutantRunStatus.Timeout, reason: determineHitLimitReached(hitCount, hitLimit).reason };
    if (failure === undefined) return { status: MutantRunStatus.Survived, nrOfTests };
    return { status: MutantRunStatus.Killed, failureMessage: failure, killedBy: [killedBy], nrOfTests };
  }

  async dispose() {
    this.#channel.close();
  }

  #ask(kind, request) {
    return new Promise((resolve, reject) => {
      this.#heard = ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(error)));
      this.#channel.postMessage({ to: 'worker', kind, request });
    });
  }
}

function statusOf(failure) {
  if (failure === undefined) return { status: TestStatus.Success };
  return failure === 'skipped' ? { status: TestStatus.Skipped } : { status: TestStatus.Failed, failureMessage: failure };
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'warm', WarmRunner)];
