/** Findings as a list: what was looked at, how it is, what was seen. */
import type { Finding } from '../../run/finding.ts';
import type { CommandIo } from '../io.ts';
import { colorsOf } from '../view/terminal-text.ts';

export function findingTable(findings: readonly Finding[], io: Pick<CommandIo, 'useColor'>): string {
  const colors = colorsOf(io);
  const paint = { ok: colors.green, missing: colors.yellow, warning: colors.yellow, fault: colors.red } as const;
  const width = findings.reduce((most, { name }) => Math.max(most, name.length), 0);
  return findings.map(({ name, status, detail }) => `${name.padEnd(width)}  ${paint[status](status.padEnd(7))}  ${detail}\n`).join('');
}
