/** Trackers: other programs that are told of every step. One that fails is said once and never stops or delays a run. */

/** A sample as a tracker shows it. */
export interface SampleText {
  readonly problem: string;
  readonly prompt: string;
  readonly completion: string;
  readonly reward: number | null;
  readonly status: string;
  readonly flags: readonly string[];
}

export interface TrackedStep {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly samples: readonly SampleText[];
  /** What the guards said of the step. */
  readonly alarms: readonly string[];
}

export interface Tracker {
  readonly name: string;
  /** Hands over one step, or throws; is asked again with the same step after a fault, and must not write it twice. */
  write(step: TrackedStep): Promise<void>;
  /**
   * The last step that it has, 0 for none: steps between this one and the next are read from the run and written first. For a tracker
   * that can be away while a run goes on, or is killed.
   */
  lastStep?(): Promise<number>;
  close(): Promise<void>;
}

/** What a run tells: returns at once, and throws nothing. */
export interface Trackers {
  step(step: TrackedStep): void;
  /** Gives what is still to be written a few seconds. */
  close(): Promise<void>;
}

export const noTrackers: Trackers = { step: () => {}, close: async () => {} };

export interface TrackerOptions {
  /** Told once for each tracker that fails, once more when it works again, and at the end of what it has not got. */
  readonly onFault: (message: string) => void;
  /** The first step that will be told. */
  readonly firstStep: number;
  /** Figures of the steps of this run after one step and before another, in order. */
  readonly past: (after: number, before: number) => Promise<readonly TrackedStep[]>;
  /** Steps with their samples that wait for a tracker that fails; older ones are given up, or read from the run. Default 1000. */
  readonly mostWaiting?: number;
  /** Milliseconds that closing waits for each tracker. Default 20,000: a process of Python may not have begun yet. */
  readonly closingMs?: number;
}

/** Tells each tracker of each step, in order, one at a time; a step that fails is tried again with the next one. */
export function trackersOf(trackers: readonly Tracker[], options: TrackerOptions): Trackers {
  const queues = trackers.map((tracker) => queueOf(tracker, options));
  return {
    step: (step) => {
      for (const queue of queues) queue.add(step);
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

function queueOf(tracker: Tracker, { onFault, firstStep, past, mostWaiting = 1000, closingMs = 20_000 }: TrackerOptions) {
  const waiting: TrackedStep[] = [];
  let told = firstStep - 1;
  let working: Promise<void> | null = null;
  let isFailing = false;
  /** Whether nothing lies between what the tracker has and the first that waits. */
  let isCaughtUp = tracker.lastStep === undefined;
  const catchUp = async (): Promise<void> => {
    const last = (await tracker.lastStep?.()) ?? 0;
    for (const step of await past(last, waiting[0]?.step ?? told + 1)) await tracker.write(step);
    isCaughtUp = true;
  };
  const work = async (): Promise<void> => {
    try {
      if (!isCaughtUp) await catchUp();
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        await tracker.write(next);
        if (waiting[0] === next) waiting.shift();
        if (!isCaughtUp) await catchUp();
      }
      if (isFailing) onFault(`tracker ${tracker.name} works again`);
      isFailing = false;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!isFailing) onFault(`tracker ${tracker.name}: ${message}; the run goes on, and it is tried again with every step`);
      isFailing = true;
      isCaughtUp = tracker.lastStep === undefined;
    }
  };
  const start = (): Promise<void> => {
    working ??= work().finally(() => {
      working = null;
    });
    return working;
  };
  if (!isCaughtUp) void start();
  return {
    add: (step: TrackedStep): void => {
      waiting.push(step);
      told = step.step;
      if (waiting.length > mostWaiting) {
        waiting.shift();
        isCaughtUp = tracker.lastStep === undefined;
      }
      void start();
    },
    close: async (): Promise<void> => {
      const finish = async (): Promise<void> => {
        await working;
        if (waiting.length > 0 || !isCaughtUp) await start();
        await tracker.close();
      };
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((done) => {
        timer = setTimeout(done, closingMs);
      });
      await Promise.race([finish().catch(() => undefined), patience]);
      clearTimeout(timer);
      const lacking = lackingText(waiting, told, isCaughtUp);
      if (lacking !== null)
        onFault(
          `tracker ${tracker.name} has not got ${lacking}; metrics.jsonl has them${tracker.lastStep === undefined ? '' : ', and evom train --resume sends them, also of a finished run'}`,
        );
    },
  };
}

function lackingText(waiting: readonly TrackedStep[], told: number, isCaughtUp: boolean): string | null {
  if (!isCaughtUp && told > 0) return `the last of the steps up to ${told}`;
  const [first] = waiting;
  if (first === undefined) return null;
  return first.step === told ? `step ${told}` : `steps ${first.step} to ${told}`;
}
