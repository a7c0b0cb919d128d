/** A model that lives until it is disposed: its life, its runs, and the methods that edit and read it. */
import type { LibraryArrays } from './arrays.ts';
import type { LibraryBase } from './base.ts';
import type { LibraryEdits } from './edits.ts';
import type { LibraryOptions } from './options.ts';
import type { LibraryRaw } from './raw.ts';
import type { LibrarySolution } from './solution.ts';
import type { LibraryState, ModelState } from './state.ts';
import type {
  Call,
  Metadata,
  ModelArrays,
  ModelText,
  ModelWire,
  Numbers,
  OptionStore,
  PersistentModel,
  RunWire,
  Solution,
} from './types.ts';
import type { LibraryViews } from './views.ts';

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryModel(
  { ask, constants, done, errors, failed, notKnown, notOffered }: LibraryBase,
  { numbers }: LibraryArrays,
  { information, Options }: LibraryOptions,
  { empty, fromArrays, fromWire, toWire }: LibraryState,
  { hasIntegers, solutionOf, solutionText }: LibrarySolution,
  edits: LibraryEdits,
  views: LibraryViews,
  raw: LibraryRaw,
  call: Call,
): new () => PersistentModel & { readonly raw: unknown } {
  const { HighsDisposedError, HighsError, HighsValidationError } = errors;
  const { modelStatus } = constants;
  type Method = (state: ModelState, ...args: unknown[]) => unknown;

  class Model implements PersistentModel {
    #state = empty();
    #result: RunWire | null = null;
    #disposed = false;
    #options: OptionStore = new Options();
    readonly lastCall = done;

    static {
      const define = (name: string, value: (this: Model, ...args: unknown[]) => unknown): void => {
        Object.defineProperty(Model.prototype, name, { value, writable: true, configurable: true });
      };
      for (const [name, view] of Object.entries(views) as [string, Method][]) {
        define(name, function (...args) {
          this.#alive();
          return view(this.#state, ...args);
        });
      }
      for (const [name, edit] of Object.entries(edits) as [string, Method][]) {
        define(name, function (...args) {
          this.#change();
          edit(this.#state, ...args);
          return done;
        });
      }
    }

    get disposed(): boolean {
      return this.#disposed;
    }
    get options(): OptionStore {
      this.#alive();
      return this.#options;
    }
    get info(): { get(name: string): number | bigint; type(name: string): string } {
      this.#alive();
      const find = (name: string, operation: string): readonly [string, number | bigint] => {
        const all = information(this.#result, hasIntegers(this.#state));
        return Object.hasOwn(all, name) ? (all[name] as readonly [string, number | bigint]) : notKnown(operation);
      };
      return { get: (name) => find(name, 'getInfoValue')[1], type: (name) => find(name, 'getInfoType')[0] };
    }
    get raw(): unknown {
      return raw.of(this, Model.prototype);
    }
    dispose(): void {
      this.#disposed = true;
    }
    #alive(): void {
      if (this.#disposed) throw new HighsDisposedError();
    }
    /** Every change asks this first and leaves the model unsolved. */
    #change(): void {
      this.#alive();
      this.#result = null;
    }

    clear(): Metadata {
      this.clearModel();
      return this.#options.reset();
    }
    clearModel(): Metadata {
      this.#change();
      this.#state = empty();
      return done;
    }
    clearSolver(): Metadata {
      this.#change();
      return done;
    }
    releaseMemory(): Metadata {
      return this.clearModel();
    }
    passModel(data: ModelArrays): Metadata {
      this.#change();
      this.#state = fromArrays(data);
      return done;
    }
    readModel({ format, data }: ModelText): Metadata {
      this.#change();
      if (format !== 'lp' && format !== 'mps') throw new HighsValidationError("format must be 'lp' or 'mps'");
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      const wire = JSON.parse(call(format === 'lp' ? 'readLp' : 'readMps', text)) as ModelWire;
      this.#state = fromWire(wire, this.#state.name);
      return done;
    }
    exportModel(format: 'lp' | 'mps'): string | Uint8Array {
      this.#alive();
      if (format !== 'lp' && format !== 'mps') throw new HighsValidationError("format must be 'lp' or 'mps'");
      const text = ask(format === 'lp' ? 'writeLp' : 'writeMps', toWire(this.#state)) as string;
      return format === 'lp' ? text : new TextEncoder().encode(text);
    }

    run(callbacks: Readonly<Record<string, unknown>> = {}): { status: 0; warnings: readonly string[]; modelStatus: number } {
      this.#alive();
      for (const [type, handler] of Object.entries(callbacks)) {
        if (!['0', '1', '2', '3', '4', '5', '6', '7', '9'].includes(type)) {
          throw new HighsValidationError('callback type must be one of 0..7 or 9');
        }
        if (typeof handler !== 'function') throw new HighsValidationError('a callback must be a function');
      }
      if (this.#state.columns.length === 0)
        this.#result = { modelStatus: modelStatus.empty, objective: this.#state.offset, values: [], duals: { columns: [], rows: [] } };
      else {
        const limit = this.#options.get('time_limit');
        this.#result = ask('run', { model: toWire(this.#state), timeLimitS: limit === Infinity ? null : limit }) as RunWire;
      }
      return { status: 0, warnings: [], modelStatus: this.#result.modelStatus };
    }
    getModelStatus(): number {
      this.#alive();
      return this.#result?.modelStatus ?? modelStatus.notSet;
    }
    getObjectiveValue(): number {
      this.#alive();
      return this.#result?.objective ?? 0;
    }
    getSolution(): Solution {
      return solutionOf(this.#state, this.#solved());
    }
    exportSolution(pretty = false): string {
      return solutionText(this.#state, this.#solved(), this.getSolution(), pretty);
    }
    #solved(): RunWire {
      this.#alive();
      if (this.#result === null) throw new HighsError('The model has not been solved', 'getSolution');
      return this.#result;
    }
    getRunTime(): number {
      this.#alive();
      return 0;
    }
    zeroAllClocks(): Metadata {
      this.#alive();
      return done;
    }
    /** A start is a hint; the host solves from scratch, so that a verdict does not depend on it. */
    setSolution(solution: { readonly colValue?: Numbers; readonly rowDual?: Numbers; readonly indices?: Numbers }): Metadata {
      this.#alive();
      if (solution.colValue !== undefined) numbers(solution.colValue, this.#state.columns.length, 'colValue');
      else if (solution.rowDual === undefined && solution.indices === undefined) throw failed('setSolution');
      return done;
    }
  }

  const refused =
    'passHessian passLinearObjectives addLinearObjective clearLinearObjectives presolve postsolve exportPresolvedModel getPresolvedLp getPresolvedDimensions getPresolvedColName getPresolvedRowName getFixedLp getIis getIisLp getBasis setBasis setLogicalBasis getBasicVariables getBasisInverseRow getBasisInverseCol getBasisSolve getBasisTransposeSolve getReducedRow getReducedColumn crossover getRanging feasibilityRelaxation getPrimalRay getDualRay getDualUnboundednessDirection';
  for (const name of refused.split(' ')) Object.defineProperty(Model.prototype, name, { value: () => notOffered(`model.${name}`) });
  const { dispose } = Symbol as unknown as { readonly dispose?: symbol };
  if (dispose !== undefined) Object.defineProperty(Model.prototype, dispose, { value: Model.prototype.dispose });
  return Model;
}
