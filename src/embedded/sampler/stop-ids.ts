/** Which tokens end a completion, as a model folder says. */
import type { JsonObject } from '../../checkpoint/hf-layout.ts';
import { EvomError } from '../../lib/errors.ts';

/** `eos_token_id` of `generation_config.json`, else of `config.json`: a number or a list. */
export function stopIdsOf(generationConfig: JsonObject, config: JsonObject, directory: string): number[] {
  for (const source of [generationConfig, config]) {
    const ids = [source.eos_token_id].flat().filter((id): id is number => typeof id === 'number');
    if (ids.length > 0) return ids;
  }
  throw new EvomError('E_CHECKPOINT', `${directory} names no eos_token_id; add it to generation_config.json`);
}
