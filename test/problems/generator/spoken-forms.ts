const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

/** Every way in which a value of a model may stand in a text, for checking that a text is complete. */
export function spokenForms(value: number): string[] {
  const forms = [String(value), value.toLocaleString('en-US', { maximumFractionDigits: 6 })];
  const word = words[value];
  if (word !== undefined) forms.push(word);
  if (value === 1) forms.push('once', 'either', 'a single');
  if (value === 2) forms.push('twice');
  if (value > 0 && value < 1) forms.push(`${Number((value * 100).toFixed(6))} `);
  return forms;
}
