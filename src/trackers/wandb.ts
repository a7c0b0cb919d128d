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

interface Process {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  /** The last step that it had when it began. */
  readonly last: number;
}

/** The process keeps the last step that it was told in the run's directory: a resume tells no step twice. */
export function wandbTracker({ python, script, config, ...about }: WandbOptions): Tracker {
  let running: Promise<Process> | null = null;
  let said = '';
  const gone = (): EvomError =>
    new EvomError('E_SETUP', `its process (${python}) ended or gave no answer: ${said.trim().split('\n').at(-1) || 'no message'}`);
  const answer = async (lines: AsyncIterator<string>): Promise<string> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((done) => {
      timer = setTimeout(() => done(null), answerMs);
    });
    const next = await Promise.race([lines.next(), late]);
    clearTimeout(timer);
    if (next === null || next.done) throw gone();
    return next.value;
  };
  const start = async (): Promise<Process> => {
    said = '';
    const child = spawn(python, [script, JSON.stringify({ ...about, config })], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-2000);
    });
    child.stdin.on('error', () => undefined); // its end is told by its answer
    child.on('error', (error) => {
      said = error.message;
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      const last = /^ready (\d+)$/.exec(await answer(lines))?.[1];
      if (last === undefined) throw gone();
      return { child, lines, last: Number(last) };
    } catch (error) {
      child.kill();
      throw error;
    }
  };
  const started = async (): Promise<Process> => {
    running ??= start();
    try {
      return await running;
    } catch (error) {
      running = null;
      throw error;
    }
  };
  return {
    name: 'wandb',
    lastStep: async () => (await started()).last,
    write: async ({ step, metrics, alarms }) => {
      const { child, lines } = await started();
      try {
        child.stdin?.write(`${JSON.stringify({ step, metrics, alarms })}\n`);
        if ((await answer(lines)) !== String(step)) throw gone();
      } catch (error) {
        child.kill();
        running = null;
        throw error;
      }
    },
    close: async () => {
      const { child } = (await running?.catch(() => null)) ?? {};
      if (child === undefined) return;
      child.stdin?.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
