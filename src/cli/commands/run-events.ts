/** The events of a run as lines on a terminal. */

import type { ChosenTemplate } from '../../config/build/prompt-template.ts';
import type { Evaluation } from '../../evaluate/evaluate.ts';
import { counted } from '../../lib/counted.ts';
import { solverHostChecks } from '../../run/check-services.ts';
import type { Report, RunEvent } from '../../run/events.ts';
import type { Finding } from '../../run/finding.ts';
import type { RunConfig } from '../../run/session.ts';
import type { StepMetrics } from '../../train/step-metrics.ts';
import type { CommandIo } from '../io.ts';
import type { Reporter, StepFigures } from '../view/terminal.ts';
import { percent } from '../view/terminal-text.ts';

/** One line of the list that a start, `--dry-run` and `evom doctor` show. */
export const findingText = ({ name, detail }: Finding): string => `${name}  ${detail}`;

/** The solver hosts that a command is about to use, with their versions; what is wrong with them the command itself will say. */
export async function tellSolverHosts(config: RunConfig, reporter: Reporter, signal: AbortSignal): Promise<void> {
  // The command itself waits for those that are to come.
  for (const [name, check] of solverHostChecks(config, { isPatient: false, signal })) {
    const found = await check().catch(() => null);
    signal.throwIfAborted();
    if (found === null || found.status === 'fault') continue;
    (found.status === 'warning' ? reporter.warn : reporter.info)(findingText({ name, ...found }));
  }
}

/** Says how a policy is asked: a warning where that is likely a mistake. */
export function tellTemplate(template: ChosenTemplate | null, reporter: Reporter): void {
  if (template !== null) (template.isDoubtful ? reporter.warn : reporter.info)(template.text);
}

/** Prints what a run tells. */
export function printEvents(reporter: Reporter, io: Pick<CommandIo, 'now'>): Report {
  const began = io.now();
  return (event: RunEvent) => {
    switch (event.type) {
      case 'checked':
        // A fault comes again, with all others, in the error.
        if (event.finding.status === 'warning') reporter.warn(findingText(event.finding));
        else if (event.finding.status !== 'fault') reporter.info(findingText(event.finding));
        return;
      case 'making_problems':
        return reporter.progress(`making problems ${event.set === null ? '' : `${event.set} `}${event.made}/${event.wanted}`);
      case 'extended':
        return reporter.info(extendedText(event));
      case 'resumed':
        if (event.step === 0) reporter.info(`${event.directory} has no checkpoint yet: its steps are made again from the first`);
        return;
      case 'damaged_checkpoint':
        return reporter.warn(`checkpoint ${event.directory} is damaged and was passed over`);
      case 'lost_metrics':
        return reporter.warn(event.message);
      case 'making_model':
        return reporter.info('making a tokenizer and random weights');
      case 'waiting_for_learner':
        return reporter.info(`waiting for the learner; start it with\n  ${event.command}`);
      case 'ready': {
        tellTemplate(event.run.template, reporter);
        const { problems, sets, modelId, backend, directory } = event.run;
        const held = sets.map((set) => `${set.name} ${set.problems}`).join(', ') || 'no evaluation sets';
        return reporter.info(
          `${problems === null ? 'examples' : counted(problems, 'problem')}, ${held}; policy ${modelId}, backend ${backend}, run ${directory}`,
        );
      }
      case 'training':
        reporter.begin();
        return reporter.info(`set-up took ${((io.now() - began) / 1000).toFixed(1)} s`);
      case 'evaluating':
        return reporter.progress(`evaluating ${event.set} ${event.done}/${event.total}`);
      case 'evaluation':
        for (const { summary } of event.evaluations) reporter.info(evaluationText(event.step, summary));
        return;
      case 'step':
        return reporter.step(figuresOf(event.step, event.steps, event.metrics));
      case 'service':
      case 'tracker':
        return reporter.warn(event.message);
      case 'alarm':
        return reporter.warn(`step ${event.step}: ${event.alarm}`);
      default:
        return event satisfies never;
    }
  };
}

function extendedText({ from, to, sameSchedule, stepsAhead }: Extract<RunEvent, { type: 'extended' }>): string {
  const notes = [
    ...(sameSchedule
      ? []
      : [`the learning rate keeps the schedule of ${from} steps, since a run of ${to} would have taken the first ones at other rates`]),
    ...(stepsAhead > 0 ? [`steps just after ${from} are sampled with newer weights than in a run of ${to} (async.steps_ahead)`] : []),
  ];
  return `run.steps raised from ${from} to ${to}${notes.length === 0 ? ': as if the run had been configured so' : `; ${notes.join('; ')}`}`;
}

function evaluationText(step: number, summary: Evaluation['summary']): string {
  const identical = summary.identical === null ? '' : `, identical ${percent(summary.identical)}`;
  return `step ${step}  ${summary.name}: pass@1 ${percent(summary.pass_at_1)}${identical}, executed ${percent(summary.execution_rate)} (judge ${summary.judge}, ${counted(summary.problems, 'problem')} x ${summary.samples})`;
}

function figuresOf(step: number, steps: number, metrics: StepMetrics): StepFigures {
  const optional = (key: keyof StepFigures, name: string) => (metrics[name] === undefined ? {} : { [key]: metrics[name] });
  return {
    step,
    steps,
    ...optional('reward', 'reward'),
    ...optional('loss', metrics.reward === undefined ? 'learner/loss' : ''),
    ...optional('accuracy', 'accuracy'),
    ...optional('entropy', 'entropy'),
    ...optional('kl', 'learner/approx_kl'),
    ...optional('groupsKept', 'groups_trained'),
    ...optional('groupsSampled', 'groups/sampled'),
    ...optional('programsPerSecond', 'time/programs_per_s'),
    ...optional('tokensPerSecond', 'time/tokens_per_s'),
  };
}
