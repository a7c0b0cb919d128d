/** `evom/dialects`: solver APIs: prompts, and programs found in completions. */

export type { Dialect } from './dialect.ts';
export { extractCode, type FoundProgram, findProgram, type NoProgramReason } from './extract.ts';
export { inferDialect } from './infer.ts';
export { buildPrompt, buildReply, maxExamples, type PromptTemplate, promptTemplates } from './prompt.ts';
export { dialectByName, dialectNames, simulatorNames } from './registry.ts';
