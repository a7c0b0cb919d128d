/** The work behind `evom verify FILE...`: each program run, judged and audited. */
import { openVerification, type VerifySettings } from '../config/verify-settings.ts';
import { EvomError } from '../core/errors.ts';
import type { JudgeRuleName } from '../reward/judge-rules.ts';
import type { RunOptions } from './run-options.ts';
import { answerOf, fileItem } from './verify-input.ts';
import { verdictRecord, verdictText } from './verify-record.ts';

export interface VerifyOptions extends RunOptions {
  readonly settings: VerifySettings;
  /** null: told from each program. */
  readonly dialect: string | null;
  /** At least one; the first decides the reward. */
  readonly rules: readonly JudgeRuleName[];
}

export interface RunVerifyOptions extends VerifyOptions {
  /** `-` is stdin. */
  readonly files: readonly string[];
  readonly answer: string | null;
  readonly question: string | null;
}

/** @returns the exit code: 0 when every program was run, whatever came of it; 1 after a fault of ours. */
export async function runVerify({ files, settings, dialect, rules, answer, question, io, json, signal }: RunVerifyOptions): Promise<number> {
  const about = { cwd: io.cwd, dialect, answer: answerOf(answer), question };
  const items = [];
  for (const file of files) items.push(await fileItem(file, about));
  const verification = await openVerification([...new Set(items.map((item) => item.dialect))], settings, rules);
  try {
    const records = await Promise.all(
      items.map(async (item) => {
        const { outcome, reward } = await verification.verify(item);
        return verdictRecord(item, outcome, reward, rules);
      }),
    );
    signal.throwIfAborted();
    io.stdout(records.map((record) => (json ? `${JSON.stringify(record)}\n` : `${verdictText(record)}\n`)).join(json ? '' : '\n'));
    const faults = records.filter((record) => record.status === 'infra_error');
    if (faults.length > 0) throw new EvomError('E_SANDBOX', `${faults[0]?.id} could not be run: ${faults[0]?.error?.message}; run it again`);
    return 0;
  } finally {
    await verification.close();
  }
}
