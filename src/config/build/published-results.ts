/** Published results from a file, each with its rule and source. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type PublishedResult, publishedStages } from '../../evaluate/transfer-text.ts';
import { EvomError } from '../../lib/errors.ts';
import { readFault } from '../../lib/file-fault.ts';

const result = z.strictObject({
  system: z.string().min(1),
  benchmark: z.string().min(1),
  backend: z.string().min(1).nullable(),
  percent: z.number().min(0).max(100),
  metric: z.string().min(1),
  rule: z.string().min(1),
  stage: z.enum(publishedStages).optional(),
  source: z.string().min(1),
  note: z.string().min(1).optional(),
});
const results = z.strictObject({ about: z.string(), results: z.array(result) });

/** @throws {EvomError} `E_DATA` naming file and key of what is wrong. */
export async function readPublishedResults(path: string): Promise<PublishedResult[]> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new EvomError('E_DATA', `${path} is not valid JSON: ${cause.message}`, { cause });
    throw readFault(path, cause);
  }
  const { success, data, error } = results.safeParse(json);
  if (success) return data.results.map(({ stage, note, ...rest }) => ({ ...rest, ...(stage && { stage }), ...(note && { note }) }));
  const issue = error.issues[0];
  throw new EvomError('E_DATA', `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not a file of published results'}`);
}
