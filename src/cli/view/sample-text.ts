/** A sample as lines for a terminal: what was written, what came of it, what it earned and why. Pure. */
import type { Answer } from '../../report/answers.ts';
import type { Sample } from '../../report/samples.ts';
import { type Colors, percent, textTable } from './terminal-text.ts';

/** One line a group: how its samples fared. */
export function groupsTable(samples: readonly Sample[]): string[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) groups.set(sample.group, [...(groups.get(sample.group) ?? []), sample]);
  const rows = [...groups.values()].map((some) => {
    const rewards = some.flatMap(({ reward }) => (reward === null ? [] : [reward]));
    const mean = rewards.reduce((sum, reward) => sum + reward, 0) / Math.max(1, rewards.length);
    const share = (count: number): string => percent(count / some.length);
    return [
      some[0]?.problem ?? '',
      rewards.length === 0 ? '-' : mean.toFixed(3),
      share(some.filter(({ correct }) => correct).length),
      some.some(({ identical }) => identical !== null) ? share(some.filter(({ identical, correct }) => identical && correct).length) : '-',
      some.some(({ advantage }) => advantage !== null) ? 'yes' : 'no',
    ];
  });
  return textTable([['problem', 'reward', 'right', 'identical', 'trained on'], ...rows]);
}

/** Questions with their answers; one that has several answers is asked once. */
export function answerLines(answers: readonly Answer[], colors: Colors): string[] {
  const paint = { good: colors.green, bad: colors.red, plain: (text: string) => text } as const;
  return answers.flatMap(({ question, answer, tone }, i) => [
    ...(answers[i - 1]?.question === question ? [] : [colors.bold(question)]),
    `  ${paint[tone](plain(answer).replaceAll('\n', ' '))}`,
  ]);
}

/** The whole sample. Control characters that a model wrote are shown as symbols, so that they cannot move the cursor. */
export function sampleText(sample: Sample, colors: Colors): string {
  const verdict = sample.correct === null ? 'unscored' : sample.correct ? colors.green('right') : colors.red('wrong');
  const title = colors.bold(`${sample.problem}  sample ${sample.sample}`);
  const answer = sample.answer === null ? 'unknown' : String(sample.answer);
  const block = (name: string, text: string): string[] =>
    text === ''
      ? []
      : [
          colors.dim(`-- ${name}`),
          ...plain(text)
            .split('\n')
            .map((line) => `   ${line}`),
        ];
  const inCompletion = sample.program !== null && sample.completion.trim() === sample.program.trim();
  return [
    `${title}  ${verdict}${sample.identical ? ', identical model' : ''}  reward ${number(sample.reward)}  advantage ${number(sample.advantage)}`,
    `   why         ${plain(sample.why).replaceAll('\n', ' ')}`,
    `   outcome     ${sample.status}, objective ${number(sample.objective)}, wanted ${answer}, certificate ${sample.certificate}${sample.reported === null ? '' : `, reported ${sample.reported}`}`,
    ...(sample.flags.length === 0 ? [] : [`   flags       ${colors.yellow(sample.flags.join(', '))}`]),
    ...(sample.error === null ? [] : [`   error       ${colors.red(plain(sample.error).replaceAll('\n', ' '))}`]),
    `   completion  ${sample.tokens} tokens${sample.truncated ? ' (cut off)' : ''}${sample.entropy === null ? '' : `, entropy ${sample.entropy.toFixed(3)} nats a token`}`,
    ...block('prompt', sample.prompt),
    ...(inCompletion ? [] : block('completion', sample.completion)),
    ...(sample.program === null ? [] : block(`program (${sample.dialect})`, sample.program)),
    ...block('printed', sample.printed),
    ...differenceLines(sample, colors),
  ].join('\n');
}

function differenceLines({ differences }: Sample, colors: Colors): string[] {
  if (differences === null) return [];
  if (differences.length === 0) return [colors.dim('-- the model equals the reference')];
  const sides = (expected: string | null, found: string | null): string => `${expected ?? '(nothing)'}  ->  ${found ?? '(nothing)'}`;
  return [
    colors.dim('-- difference from the reference model (reference -> program)'),
    ...differences.map(({ kind, where, expected, found }) => `   ${kind} at ${plain(where)}: ${plain(sides(expected, found))}`),
  ];
}

const number = (value: number | null): string => (value === null ? '-' : String(Number(value.toPrecision(6))));

/** Line feeds stay; a carriage return goes. */
const plain = (text: string): string =>
  text.replace(/\p{Cc}/gu, (c) => {
    if (c === '\n' || c === '\t') return c;
    return c === '\r' ? '' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
