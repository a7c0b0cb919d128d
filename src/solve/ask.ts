/** What a policy is asked for one problem: programs, simulators and extractions, side by side. */

import type { Program } from '../core/program.ts';
import type { Prompt } from '../core/rollout.ts';
import { type Extraction, extractionInstructions, parseExtraction } from '../decode/extraction.ts';
import { buildPrompt, type ChatMessage } from '../dialects/prompt.ts';
import { EvomError } from '../lib/errors.ts';
import { largest } from '../lib/extremes.ts';
import { type SampledProgram, sampleTexts, verified } from './candidates.ts';
import type { Say } from './component-evidence.ts';
import type { SolveOptions, SolveParts } from './solve-parts.ts';

/** Solved problems to show as examples. */
export async function recalled(parts: SolveParts, { question, components }: SolveOptions, say: Say) {
  if (!components.memory || parts.recall === null) return [];
  if (parts.template === 'bare') {
    say('memory', 'silent', 'left out: this policy is asked by bare prompts, which have no place for examples');
    return [];
  }
  const examples = await parts.recall(question);
  say('memory', 'silent', `${examples.length} solved problems shown as examples`);
  return examples;
}

/** What was sampled. */
export interface Asked {
  readonly samples: readonly SampledProgram[];
  readonly simulators: readonly Program[];
  readonly extractions: readonly Extraction[];
  readonly numExtractions: number;
  readonly numSimulators: number;
}

/** Programs, and in the first round simulators and extractions, all in one call of the policy so that they are sampled side by side. */
export async function sampleAll(
  parts: SolveParts,
  options: SolveOptions,
  examples: readonly { readonly question: string; readonly program: string }[],
  repair: { readonly sample: SampledProgram; readonly feedback: string } | null,
  round: number,
): Promise<Asked> {
  const { question, components, seed } = options;
  const seeds = (what: string, count: number): string[] => Array.from({ length: count }, (_, k) => `${seed}/solve/${what}/${round}/${k}`);
  const prompts = programPrompt(parts, question, examples, repair);
  const asks: { kind: 'program' | 'simulator' | 'extraction'; prompt: Prompt; seeds: string[] }[] = [
    { kind: 'program', prompt: parts.encode(prompts), seeds: seeds('program', options.samples) },
  ];
  if (round === 0 && components.simulator && parts.simulatorDialect !== null && options.checks > 0) {
    const prompt = parts.encode(buildPrompt(parts.template, question, parts.simulatorDialect));
    asks.push({ kind: 'simulator', prompt, seeds: seeds('simulator', options.checks) });
  }
  if (round === 0 && components.bayesRisk && parts.template === 'instruct' && options.checks > 0) {
    const prompt = parts.encode([
      { role: 'system', content: `You are an expert in operations research. ${extractionInstructions}` },
      { role: 'user', content: question.trim() },
    ]);
    asks.push({ kind: 'extraction', prompt, seeds: seeds('extraction', options.checks) });
  }
  const room = parts.policy.maxLength - largest(asks.map(({ prompt }) => prompt.tokenIds.length));
  if (room < 16)
    throw new EvomError(
      'E_DATA',
      `the problem and its prompt leave ${Math.max(0, room)} of the ${parts.policy.maxLength} tokens of ${parts.policy.modelId}; shorten the problem`,
    );
  const samples: Promise<SampledProgram>[] = [];
  const faults: unknown[] = [];
  const simulators: Program[] = [];
  const extractions: Extraction[] = [];
  await sampleTexts(
    parts,
    asks,
    { ...options.sampling, maxTokens: Math.min(options.sampling.maxTokens ?? (parts.template === 'bare' ? 200 : 2048), room) },
    {
      signal: options.signal,
      onText: (ask, sample, text, completion) => {
        const kind = asks[ask]?.kind;
        if (kind === 'simulator') {
          const program = parts.simulatorDialect?.extract(text) ?? null;
          if (program !== null) simulators.push(program);
        } else if (kind === 'extraction') {
          const result = parseExtraction(text);
          if ('extraction' in result) extractions.push(result.extraction);
        } else {
          const running = verified(parts, parts.dialect, parts.backend, text, completion);
          running.catch((error: unknown) => faults.push(error)); // awaited below
          samples[sample] = running;
        }
      },
    },
  );
  if (faults.length > 0) throw faults[0];
  const count = (kind: string): number => asks.find((ask) => ask.kind === kind)?.seeds.length ?? 0;
  return {
    samples: await Promise.all(samples),
    simulators,
    extractions,
    numExtractions: count('extraction'),
    numSimulators: count('simulator'),
  };
}

/** The messages that ask for a program: examples as earlier turns, a repair as the turn after the program that failed. */
function programPrompt(
  { template, dialect }: SolveParts,
  question: string,
  examples: readonly { readonly question: string; readonly program: string }[],
  repair: { readonly sample: SampledProgram; readonly feedback: string } | null,
): ChatMessage[] {
  const base = buildPrompt(template, question, dialect);
  const fence = dialect.language === 'python' ? 'python' : 'js';
  const shown = examples.flatMap((example): ChatMessage[] => [
    ...buildPrompt(template, example.question, dialect).filter(({ role }) => role === 'user'),
    { role: 'assistant', content: `\`\`\`${fence}\n${example.program}\n\`\`\`` },
  ]);
  return [
    ...base.filter(({ role }) => role === 'system'),
    ...shown,
    ...base.filter(({ role }) => role !== 'system'),
    ...(repair === null
      ? []
      : [
          { role: 'assistant' as const, content: `\`\`\`${fence}\n${repair.sample.program?.code ?? ''}\n\`\`\`` },
          { role: 'user' as const, content: repair.feedback },
        ]),
  ];
}
