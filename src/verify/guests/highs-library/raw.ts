/** The view of a model that answers with status codes in place of exceptions. */
import type { LibraryBase } from './base.ts';
import type { LibraryOptions } from './options.ts';
import type { PersistentModel } from './types.ts';

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryRaw({ done, errors, notKnown }: LibraryBase, { described }: LibraryOptions) {
  const answer = (work: () => unknown): unknown => {
    try {
      const value = work();
      return value === undefined || value === done ? { status: 0 } : { status: 0, value };
    } catch (error) {
      if (error instanceof errors.HighsError && error.name === 'HighsError') return { status: -1 };
      throw error;
    }
  };
  /** Getters of the C interface that answer directly. */
  const direct = new Set(['getModelStatus', 'getObjectiveValue', 'getRunTime', 'getDimensions']);

  const of = (model: PersistentModel, prototype: object): Record<string, unknown> => {
    const raw: Record<string, unknown> = {};
    const methods = model as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const about = Object.getOwnPropertyDescriptor(prototype, name);
      if (name === 'constructor' || typeof about?.value !== 'function') continue;
      raw[name] = (...args: unknown[]): unknown => {
        const work = (): unknown => methods[name]?.(...args);
        return direct.has(name) || name === 'dispose' ? work() : answer(work);
      };
    }
    Object.defineProperty(raw, 'disposed', { get: () => model.disposed });
    return Object.assign(raw, {
      run: (): unknown => answer(() => void model.run()),
      changeCoeff: raw.changeCoefficient,
      passLp: raw.passModel,
      passMip: raw.passModel,
      setSparseSolution: raw.setSolution,
      getInfinity: () => Infinity,
      getSizeofHighsInt: () => 4,
      getNumOptions: () => described.length,
      getOptionName: (index: number) => answer(() => described[index]?.name ?? notKnown('getOptionName')),
      setOptionValue: (name: string, value: number) => answer(() => model.options.set(name, value)),
      getOptionValue: (name: string) => answer(() => model.options.get(name)),
      getOptionValues: (name: string) => answer(() => model.options.describe(name)),
      getOptionType: (name: string) => answer(() => described.find((option) => option.name === name)?.type ?? notKnown('getOptionType')),
      resetOptions: () => answer(() => model.options.reset()),
      readOptions: (text: string) => answer(() => model.options.read(text)),
      exportOptions: (deviationsOnly?: boolean) => answer(() => model.options.export(deviationsOnly)),
      getInfoValue: (name: string) => answer(() => model.info.get(name)),
      getInfoType: (name: string) => answer(() => model.info.type(name)),
    });
  };
  return { answer, of };
}

export type LibraryRaw = ReturnType<typeof libraryRaw>;
