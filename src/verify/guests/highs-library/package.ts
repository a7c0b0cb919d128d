/** The package: one-shot `solve`, `createModel`, `withModel`, the stateless calls, and its loader. */
import type { LibraryBase } from './base.ts';
import type { libraryModel } from './model.ts';
import type { LibraryRaw } from './raw.ts';
import type { Call, HighsFacts, ModelArrays, ModelText, PersistentModel } from './types.ts';

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryPackage(
  { constants, encode, errors, notOffered }: LibraryBase,
  Model: ReturnType<typeof libraryModel>,
  raw: LibraryRaw,
  call: Call,
  facts: HighsFacts,
): unknown {
  type Source = ModelArrays | ModelText;
  const createModel = (source?: Source): InstanceType<typeof Model> => {
    const model = new Model();
    if (source === undefined) return model;
    if ('format' in source && (source.format === 'lp' || source.format === 'mps')) model.readModel(source as ModelText);
    else model.passModel(source as ModelArrays);
    return model;
  };
  const withModel = (first: Source | ((model: PersistentModel) => unknown), second?: (model: PersistentModel) => unknown): unknown => {
    const operation = typeof first === 'function' ? first : second;
    if (typeof operation !== 'function') throw new errors.HighsValidationError('withModel needs a function of the model');
    const model = createModel(typeof first === 'function' ? undefined : first);
    let result: unknown;
    try {
      result = operation(model);
    } catch (error) {
      model.dispose();
      throw error;
    }
    if (typeof (result as { then?: unknown } | null)?.then === 'function') {
      return Promise.resolve(result).finally(() => model.dispose());
    }
    model.dispose();
    return result;
  };
  const solve = (problem: unknown, options?: unknown): unknown => {
    if (options !== undefined && options !== null) call('options', JSON.stringify(options, encode));
    return JSON.parse(call('solve', String(problem)));
  };
  const stateless = (data: Source, isMip: boolean): unknown => {
    const { integrality, ...rest } = data as ModelArrays;
    if (isMip && integrality === undefined) throw new errors.HighsValidationError('mipCall requires integrality');
    const model = createModel(isMip && integrality !== undefined ? { ...rest, integrality } : rest);
    return raw.answer(() => {
      const run = model.run();
      const { colValue, rowValue, ...duals } = model.getSolution();
      return { modelStatus: run.modelStatus, solution: isMip ? { colValue, rowValue } : { colValue, rowValue, ...duals } };
    });
  };
  const [major = 0, minor = 0, patch = 0] = facts.version.split('.').map(Number);
  const version = Object.freeze({ major, minor, patch, string: facts.version, gitHash: '' });
  const highs = {
    solve,
    createModel,
    withModel,
    infinity: Infinity,
    intBytes: 4,
    intBits: 32,
    memoryBytes: 0,
    version,
    constants,
    errors,
    raw: {
      version: () => version,
      lpCall: (data: Source) => stateless(data, false),
      mipCall: (data: Source) => stateless(data, true),
      qpCall: () => notOffered('raw.qpCall'),
      createModel: () => createModel().raw,
    },
  };
  const load = async (): Promise<typeof highs> => highs;
  return Object.assign(load, { default: load });
}
