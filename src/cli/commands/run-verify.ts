/** The work behind `evom verify FILE...`: each program run, judged and audited. */
import { openVerification, type VerifySettings } from '../../config/build/verify-settings.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import type { RunOptions } from '../run-options.ts';
import { answerOf, fileItem } from './verify-input.ts';
import { faultOf, verdictRecord, verdictText } from './verify-record.ts';

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
export async function runVerify({
  files,
  settings,
  dialect,
  rules,
  answer,
  question,
  io,
  json,
  signal,
}: RunVerifyOptions): Promise<number> {
  const about = { cwd: io.cwd, dialect, answer: answerOf(answer), question };
  const items = [];
  for (const file of files) items.push(await fileItem(file, about));
  const dialects = [...new Set(items.map((item) => item.dialect))];
  const following = { onNotice: (text: string) => io.stderr(`${text}\n`), signal };
  const verification = await openVerification(dialects, settings, rules, undefined, following);
  const stop = (): void => void verification.close();
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted(); // while the workers started
    const records = await Promise.all(
      items.map(async (item) => {
        return verdictRecord(item, await verification.verify(item), { rules, settings });
      }),
    );
    signal.throwIfAborted();
    io.stdout(records.map((record) => (json ? `${JSON.stringify(record)}\n` : `${verdictText(record)}\n`)).join(json ? '' : '\n'));
    const fault = records.find((record) => record.status === 'infra_error');
    if (fault !== undefined) throw faultOf(String(fault.id), fault);
    return 0;
  } catch (error) {
    signal.throwIfAborted(); // closing the verifier is how an interrupt stops it
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await verification.close();
  }
}
