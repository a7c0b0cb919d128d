/** What a training run shows: one line a step, redrawn on a terminal; at the end a table of before and after. */
import type { CommandIo } from '../io.ts';
import { colorsOf, compactNumber, duration, percent, shownLength, sparkline, textTable, withoutColors } from './terminal-text.ts';

/** Figures of one finished step; those that a command does not have are left out. */
export interface StepFigures {
  /** Finished steps, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly reward?: number;
  /** Share of right samples. */
  readonly accuracy?: number;
  readonly loss?: number;
  /** Nats a token. */
  readonly entropy?: number;
  readonly kl?: number;
  readonly groupsKept?: number;
  readonly groupsSampled?: number;
  readonly programsPerSecond?: number;
  readonly tokensPerSecond?: number;
}

/** One measure before and after training. */
export interface BeforeAfter {
  readonly name: string;
  /** Shares in 0..1; null where there is none. */
  readonly before: number | null;
  readonly after: number | null;
  readonly pValue?: number | null;
}

export interface Summary {
  readonly title: string;
  readonly rows: readonly BeforeAfter[];
  readonly runDirectory: string;
  /** Further lines, e.g. what to do next. */
  readonly notes?: readonly string[];
}

export interface Reporter {
  /** A remark, above the live line. */
  info(text: string): void;
  warn(text: string): void;
  /** What happens inside a step ("evaluating 40/200"): redrawn on a terminal, elsewhere a line every few seconds. */
  progress(text: string): void;
  step(figures: StepFigures): void;
  /** Steps begin now: the time left is reckoned from here. */
  begin(): void;
  /** The final table, on stderr; results for pipes are the `--json` line. */
  summary(summary: Summary): void;
  /** Clears the live line. */
  close(): void;
}

/** Between two lines of progress where nothing can be redrawn: a log shows that something goes on, and stays readable. */
const progressEveryMs = 5000;

const clearLine = '\r\u001b[2K';

/** A reporter on the command's stderr; a quiet one keeps warnings and the final table. */
export function createReporter(io: CommandIo, options: { readonly quiet?: boolean } = {}): Reporter {
  const colors = colorsOf(io);
  const quiet = options.quiet === true;
  let started = io.now();
  const curve: (number | null)[] = [];
  let live = '';
  let firstStep: number | null = null;
  let lastLineMs = started;

  const line = (text: string): void => {
    lastLineMs = io.now();
    io.stderr(`${live === '' ? '' : clearLine}${text}\n${live}`);
  };
  const redraw = (text: string): void => {
    live = cut(text, io.columns - 1);
    io.stderr(clearLine + live);
  };
  const close = (): void => {
    if (live !== '') io.stderr(clearLine);
    live = '';
  };

  return {
    info: (text) => {
      if (!quiet) line(text);
    },
    warn: (text) => line(`${colors.yellow('warning')} ${text}`),
    progress: (text) => {
      if (quiet) return;
      if (io.isTerminal) redraw(colors.dim(text));
      else if (io.now() - lastLineMs >= progressEveryMs) line(text);
    },
    begin: () => {
      started = io.now();
    },
    step: (figures) => {
      if (quiet) return;
      firstStep ??= figures.step - 1;
      curve.push(figures.reward ?? figures.loss ?? null);
      const done = figures.step - firstStep;
      const secondsLeft = ((io.now() - started) / 1000 / Math.max(1, done)) * (figures.steps - figures.step);
      const text = stepLine(figures, secondsLeft);
      if (io.isTerminal) redraw(`${colors.cyan(sparkline(curve.slice(-400), 16))} ${text}`);
      else line(text);
    },
    summary: (summary) => {
      close();
      for (const text of summaryLines(summary)) io.stderr(`${text}\n`);
    },
    close,
  };
}

/** One step in one line: only the figures that it has. */
export function stepLine(figures: StepFigures, secondsLeft: number): string {
  const width = String(figures.steps).length;
  const parts = [
    `step ${String(figures.step).padStart(width)}/${figures.steps}`,
    figures.reward === undefined ? '' : `reward ${figures.reward.toFixed(3)}`,
    figures.loss === undefined ? '' : `loss ${figures.loss.toFixed(4)}`,
    figures.accuracy === undefined ? '' : `right ${percent(figures.accuracy)}`,
    figures.entropy === undefined ? '' : `entropy ${figures.entropy.toFixed(3)}`,
    figures.kl === undefined ? '' : `KL ${figures.kl.toFixed(4)}`,
    figures.groupsKept === undefined
      ? ''
      : `groups ${figures.groupsKept}${figures.groupsSampled === undefined ? '' : `/${figures.groupsSampled}`}`,
    figures.programsPerSecond === undefined ? '' : `${compactNumber(figures.programsPerSecond)} programs/s`,
    figures.tokensPerSecond === undefined ? '' : `${compactNumber(figures.tokensPerSecond)} tokens/s`,
    `${duration(secondsLeft)} left`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function summaryLines(summary: Summary): string[] {
  const withP = summary.rows.some((row) => row.pValue != null);
  const rows = summary.rows.map(({ name, before, after, pValue }) => {
    const gain = before === null || after === null ? '' : `${after >= before ? '+' : ''}${(100 * (after - before)).toFixed(1)} points`;
    return [name, percent(before), percent(after), gain, ...(withP ? [pValue == null ? '' : pText(pValue)] : [])];
  });
  // A run without evaluation sets has nothing to compare.
  const table = rows.length === 0 ? [] : textTable([['', 'before', 'after', 'change', ...(withP ? ['p'] : [])], ...rows]);
  return ['', summary.title, ...table.map((text) => `  ${text}`), '', `run directory  ${summary.runDirectory}`, ...(summary.notes ?? [])];
}

const pText = (p: number): string => (p < 0.0001 ? '<0.0001' : p.toFixed(4));

/** The beginning of a text that fits on a line; colours are dropped when it has to be cut. */
const cut = (text: string, width: number): string =>
  shownLength(text) <= width ? text : `${[...withoutColors(text)].slice(0, Math.max(0, width - 1)).join('')}…`;
