/** Weights & Biases by a small Python process beside the run, which is told each step as a line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { EvomError } from '../lib/errors.ts';
import type { Tracker } from './tracker.ts';

export interface WandbOptions {
  /** A Python that has wandb. */
  readonly python: string;
  /** `scripts/trackers/wandb_process.py`. */
  readonly script: string;
  /** The run's directory: wandb's files go below it. */
  readonly directory: string;
  readonly project: string;
  readonly run: string;
  readonly runId: string;
  readonly mode: 'offline' | 'online';
  readonly config: Readonly<Record<string, string>>;
}

const answerMs = 60_000;

/** The process keeps the last step that it was told in the run's directory: a resume tells no step twice. */
export function wandbTracker({ python, script, config, ...about }: WandbOptions): Tracker {
  let child: ChildProcess | null = null;
  let lines: AsyncIterator<string> | null = null;
  let said = '';
  const start = (): void => {
    const started = spawn(python, [script, JSON.stringify({ ...about, config })], { stdio: ['pipe', 'pipe', 'pipe'] });
    started.stderr.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-2000);
    });
    started.stdin.on('error', () => undefined); // its end is told by its answer
    started.on('error', (error) => {
      said = error.message;
    });
    lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
    child = started;
  };
  const stop = (): void => {
    child?.kill();
    child = null;
    lines = null;
  };
  return {
    name: 'wandb',
    write: async ({ step, metrics }) => {
      if (child === null) start();
      child?.stdin?.write(`${JSON.stringify({ step, metrics })}\n`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<null>((done) => {
        timer = setTimeout(() => done(null), answerMs);
      });
      const answer = await Promise.race([lines?.next() ?? null, late]);
      clearTimeout(timer);
      if (answer === null || answer.done || answer.value !== String(step)) {
        stop();
        throw new EvomError(
          'E_SETUP',
          `its process (${python}) ended or gave no answer: ${said.trim().split('\n').at(-1) ?? 'no message'}`,
        );
      }
    },
    close: async () => {
      if (child === null) return;
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
