/** `policy.type: recorded`: completions from a file in the place of a model. */
import { basename } from 'node:path';
import { type Recordings, readRecordings } from '../../benchmarks/recordings.ts';
import type { Problem } from '../../core/problem.ts';
import type { Prompt } from '../../core/rollout.ts';
import type { Policy } from '../../policy/policy.ts';
import { createRecordedPolicy } from '../../policy/recorded-policy.ts';
import { byteTokenizer } from '../../tokenizer/byte-tokenizer.ts';
import type { ChatTokenizer } from '../../tokenizer/chat-tokenizer.ts';

export interface RecordedParts {
  readonly policy: Policy;
  readonly tokenizer: ChatTokenizer;
  /** A recording is asked by dialect, id and question; what it was asked when it was made is not known. */
  readonly promptOf: (problem: Problem, dialect: string) => Prompt;
  readonly recordings: Recordings;
}

/** @throws {EvomError} `E_DATA` when the file cannot be read or a record holds no completion. */
export async function buildRecorded(path: string): Promise<RecordedParts> {
  const recordings = await readRecordings(path);
  const tokenizer = byteTokenizer();
  const policy = createRecordedPolicy({
    recall: (prompt) => {
      const [dialect = '', id = '', ...question] = prompt.split('\n');
      return recordings.recall({ id, question: question.join('\n') }, dialect);
    },
    encode: (text) => tokenizer.encode(text),
    decode: (ids) => tokenizer.decode(ids),
    stopId: tokenizer.padId,
    name: basename(path),
  });
  const promptOf = ({ id, question }: Problem, dialect: string): Prompt => {
    const text = `${dialect}\n${id.replaceAll('\n', ' ')}\n${question}`;
    return { text, tokenIds: tokenizer.encode(text) };
  };
  return { policy, tokenizer, promptOf, recordings };
}
