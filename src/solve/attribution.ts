/** Where a wrong answer comes from: from what was understood, or from how it was written down (NEMO's third open question). */
import type { LinearModel } from '../core/linear-model.ts';
import { type Extraction, extractionOfModel, modelOfExtraction } from '../decode/extraction.ts';
import { componentSimilarity } from '../decode/minimum-bayes-risk.ts';
import { identicalModels } from '../modeling/identical.ts';

export type Fault =
  | 'none' // the program's model is the reference
  | 'extraction' // the record is wrong, and the program follows it
  | 'implementation' // the record is right, the program is not
  | 'both' // the record is wrong, and the program does not even follow it
  | 'lucky_implementation' // the record is wrong, the program right
  | 'unknown'; // no record, or one that is no linear model

export interface Attribution {
  readonly fault: Fault;
  /** Components of the record that differ from the reference, where names can be compared; empty where none or unknown. */
  readonly components: readonly ('variables' | 'objective' | 'constraints')[];
}

/**
 * Attributes a wrong answer.
 *
 * @param extraction the extractor's record; null when there is none. @param captured the program's model; null when it handed over none.
 * @param reference the model that the text describes.
 */
export function attributeFault(extraction: Extraction | null, captured: LinearModel | null, reference: LinearModel): Attribution {
  const isRight = captured !== null && identicalModels(captured, reference);
  const recorded = extraction === null ? null : modelOfExtraction(extraction);
  if (extraction === null || recorded === null) return { fault: isRight ? 'none' : 'unknown', components: [] };
  if (identicalModels(recorded, reference)) return { fault: isRight ? 'none' : 'implementation', components: [] };
  const similarity = componentSimilarity(extraction, extractionOfModel(reference));
  const components = (['variables', 'objective', 'constraints'] as const).filter((part) => similarity[part] < 1);
  if (isRight) return { fault: 'lucky_implementation', components };
  return { fault: captured !== null && identicalModels(captured, recorded) ? 'extraction' : 'both', components };
}
