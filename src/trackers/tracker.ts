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
}

export interface Tracker {
  readonly name: string;
  /** Hands over one step, or throws; is asked again with the same step after a fault, and must not write it twice. */
  write(step: TrackedStep): Promise<void>;
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
  /** Told once for each tracker that fails, and once more when it works again. */
  readonly onFault: (message: string) => void;
  /** Steps that wait for a tracker that fails; older ones are given up. Default 1000. */
  readonly mostWaiting?: number;
  /** Milliseconds that closing waits for each tracker. Default 5000. */
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

function queueOf(tracker: Tracker, { onFault, mostWaiting = 1000, closingMs = 5000 }: TrackerOptions) {
  const waiting: TrackedStep[] = [];
  let working: Promise<void> | null = null;
  let isFailing = false;
  const work = async (): Promise<void> => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      try {
        await tracker.write(next);
        waiting.shift();
        if (isFailing) onFault(`tracker ${tracker.name} works again`);
        isFailing = false;
      } catch (error) {
        if (!isFailing)
          onFault(
            `tracker ${tracker.name}: ${error instanceof Error ? error.message : String(error)}; the run goes on, and it is tried again with every step`,
          );
        isFailing = true;
        return;
      }
    }
  };
  const start = (): Promise<void> => {
    working ??= work().finally(() => {
      working = null;
    });
    return working;
  };
  return {
    add: (step: TrackedStep): void => {
      waiting.push(step);
      if (waiting.length > mostWaiting) waiting.splice(1, 1); // the first may be on its way
      void start();
    },
    close: async (): Promise<void> => {
      const finish = async (): Promise<void> => {
        await working;
        if (waiting.length > 0) await start();
        await tracker.close();
      };
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((done) => {
        timer = setTimeout(done, closingMs);
      });
      await Promise.race([finish().catch(() => undefined), patience]);
      clearTimeout(timer);
    },
  };
}
