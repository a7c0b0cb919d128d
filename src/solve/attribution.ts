/** Where a wrong answer comes from: from what was understood, or from how it was written down (NEMO's third open question). */
import type { LinearModel } from '../core/linear-model.ts';
import { type Extraction, extractionOfModel, modelOfExtraction } from '../decode/extraction.ts';
import { componentSimilarity } from '../decode/minimum-bayes-risk.ts';
import { equalUpToAuxiliaries } from '../modeling/auxiliary.ts';

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
 * Attributes a wrong answer. Models are compared up to names and auxiliary variables (`equalUpToAuxiliaries`).
 *
 * @param extraction the extractor's record; null when there is none. @param captured the program's model; null when it handed over none.
 * @param reference the model that the text describes.
 */
export function attributeFault(extraction: Extraction | null, captured: LinearModel | null, reference: LinearModel): Attribution {
  const isRight = captured !== null && equalUpToAuxiliaries(captured, reference);
  const recorded = extraction === null ? null : modelOfExtraction(extraction);
  if (extraction === null || recorded === null) return { fault: isRight ? 'none' : 'unknown', components: [] };
  if (equalUpToAuxiliaries(recorded, reference)) return { fault: isRight ? 'none' : 'implementation', components: [] };
  const similarity = componentSimilarity(extraction, extractionOfModel(reference));
  const components = (['variables', 'objective', 'constraints'] as const).filter((part) => similarity[part] < 1);
  if (isRight) return { fault: 'lucky_implementation', components };
  return { fault: captured !== null && equalUpToAuxiliaries(captured, recorded) ? 'extraction' : 'both', components };
}

/** What `attributeByAnswer` knows where there is an answer and no model to compare with. */
export interface AnsweredFault {
  /** Whether the program's answer is right; null where nothing can be said. */
  readonly isRight: boolean | null;
  /** Whether the record's, solved, is; null without a record that can be solved. */
  readonly isRecordRight: boolean | null;
  /** Whether the program's answer is the record's. */
  readonly followsRecord: boolean;
}

/** Attributes a wrong answer by answers alone, as published problems have them: a right answer of a wrong record counts as right. */
export function attributeByAnswer({ isRight, isRecordRight, followsRecord }: AnsweredFault): Fault {
  if (isRight === null || isRecordRight === null) return isRight === true ? 'none' : 'unknown';
  if (isRecordRight) return isRight ? 'none' : 'implementation';
  if (isRight) return 'lucky_implementation';
  return followsRecord ? 'extraction' : 'both';
}
