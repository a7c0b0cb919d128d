/** Types shared by the parts of the library that stands for npm `highs` inside the sandbox. */
import type { HighsOption } from '../highs-options.ts';

/** Reaches the host: `call(method, payload)`, JSON in and out. */
export type Call = (method: string, payload: string) => string;

/** Constants that the library is made with. */
export interface HighsFacts {
  readonly options: readonly HighsOption[];
  readonly oneShotOptions: readonly string[];
  readonly version: string;
}

/** A model as it crosses the wall: rows in `starts`, `indices`, `values`; infinite numbers as text on the way to the host. */
export interface ModelWire {
  readonly sense: 1 | -1;
  readonly offset: number;
  readonly cost: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  readonly types: readonly number[];
  readonly names: readonly string[];
  readonly rowLower: readonly number[];
  readonly rowUpper: readonly number[];
  readonly rowNames: readonly string[];
  readonly starts: readonly number[];
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** What a run shows, as the host says it. */
export interface RunWire {
  readonly modelStatus: number;
  readonly objective: number;
  readonly values: readonly number[] | null;
  readonly duals: { readonly columns: readonly number[]; readonly rows: readonly number[] } | null;
}

export type Numbers = ArrayLike<number>;
export type Entries = { readonly indices: Numbers; readonly values: Numbers };
export type Matrix = {
  readonly format: 'csc' | 'csr';
  readonly numRows: number;
  readonly numCols: number;
  readonly starts: Numbers;
  readonly indices: Numbers;
  readonly values: Numbers;
};
export type Selection =
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  | { readonly kind: 'set'; readonly indices: Numbers }
  | { readonly kind: 'mask'; readonly mask: ArrayLike<number | boolean> };
export type Metadata = { readonly status: 0; readonly warnings: readonly string[] };

/** Arrays of a whole model, as `createModel` takes them. */
export interface ModelArrays {
  readonly numCols: number;
  readonly numRows: number;
  readonly sense?: number;
  readonly offset?: number;
  readonly colCost: Numbers;
  readonly colLower: Numbers;
  readonly colUpper: Numbers;
  readonly rowLower: Numbers;
  readonly rowUpper: Numbers;
  readonly matrix: Matrix;
  readonly integrality?: Numbers;
  readonly hessian?: unknown;
  readonly colNames?: readonly string[];
  readonly rowNames?: readonly string[];
  readonly modelName?: string;
}

/** Model text, as `createModel` takes it. */
export interface ModelText {
  readonly format: string;
  readonly data: string | Uint8Array;
}

export interface Solution {
  readonly colValue: Float64Array;
  readonly rowValue: Float64Array;
  readonly colDual?: Float64Array;
  readonly rowDual?: Float64Array;
}

/** The options of one model. */
export interface OptionStore {
  set(name: string | Record<string, boolean | number | string>, value?: boolean | number | string): Metadata;
  get(name: string): boolean | number | string;
  describe(name: string): object;
  names(): string[];
  reset(): Metadata;
  read(text: string): Metadata;
  export(deviationsOnly?: boolean): string;
}

/** What the rest of the library asks of a model. */
export interface PersistentModel {
  readonly disposed: boolean;
  readonly options: OptionStore;
  readonly info: { get(name: string): number | bigint; type(name: string): string };
  passModel(data: ModelArrays): Metadata;
  readModel(text: ModelText): Metadata;
  run(callbacks?: Readonly<Record<string, unknown>>): {
    readonly status: 0;
    readonly warnings: readonly string[];
    readonly modelStatus: number;
  };
  getSolution(): Solution;
  dispose(): void;
}
