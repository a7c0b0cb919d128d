/** The decision record and the solver's advice as they stand in the prompts of optimizer and simulator. */
import type { Extraction } from '../decode/extraction.ts';

const json = (record: object): string => `\`\`\`json\n${JSON.stringify(record, null, 1)}\n\`\`\``;

/** The problem's text with what was found out before the program is asked for. */
export function withRecord(question: string, record: Extraction | null, advice: string | null): string {
  return [
    question.trim(),
    ...(record === null
      ? []
      : [
          `A decision record of this problem, made beforehand. Give each decision variable exactly the name that it has here; where the record contradicts the text, follow the text.\n${json(record)}`,
        ]),
    ...(advice === null ? [] : [`Advice on the solver:\n${advice}`]),
  ].join('\n\n');
}

/** The names that a simulator shares with the record, without what the record says of them. */
export function withNames(question: string, record: Extraction): string {
  const names = record.variables.map(({ name, type, description }) => ({ name, type, ...(description ? { description } : {}) }));
  return `${question.trim()}\n\nThe decision variables are called exactly so:\n${json(names)}`;
}

/** How a simulator is asked to test itself, in its dialect. */
export function testInstructions(dialect: string): string {
  const ask = 'Test it, too: after the function give at least three cases that you work out by hand from the text, one of them not allowed';
  return dialect === 'simulator-python'
    ? `${ask}: tests = [({"boots": 10, "mugs": 5}, 990, True), ...], each a dict of all variables, the objective and whether every demand holds.`
    : `${ask}: module.exports.tests = [{ x: { boots: 10, mugs: 5 }, objective: 990, holds: true }, ...], each with all variables, the objective and whether every demand holds.`;
}
