/** A settled configuration as a flat list, so that two runs can be laid side by side. */
import { parse } from 'yaml';
import { EvomError } from '../../lib/errors.ts';

/**
 * Values by dotted key, as text: `{'run.steps': '300', 'dataset.eval.0.name': 'held_out'}`.
 *
 * @param path names the file in messages.
 * @throws {EvomError} E_RUN when the text is not YAML.
 */
export function flatConfig(text: string, path: string): Record<string, string> {
  const flat: Record<string, string> = {};
  const add = (key: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) flat[key] = String(value);
    else for (const [name, inner] of Object.entries(value)) add(key === '' ? name : `${key}.${name}`, inner);
  };
  try {
    add('', parse(text));
  } catch (cause) {
    throw new EvomError('E_RUN', `${path} is not valid YAML; restore it from the run's config.yaml`, { cause });
  }
  return flat;
}
