/** The advantages of a batch file, without reading the rest of it. */
import { readTable } from './table.ts';

/**
 * Advantage of each sample, by `<group>/<sample index>`.
 *
 * @throws {EvomError} E_BATCH when the file is broken or has no such columns.
 */
export async function readAdvantages(path: string): Promise<Map<string, number>> {
  const table = await readTable(path);
  const advantages = table.numbers('advantage');
  return new Map(table.strings('sample_id').map((id, row) => [id ?? '', advantages[row] ?? 0]));
}
