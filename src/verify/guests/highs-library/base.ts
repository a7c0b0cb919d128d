/** What all parts of the library need: the way to the host, errors, constants. */
import type { Call, Metadata } from './types.ts';

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryBase(call: Call) {
  const { parse, stringify } = JSON;
  const encode = (_key: string, value: unknown): unknown => (typeof value === 'number' && value - value !== 0 ? String(value) : value);
  const ask = (method: string, payload: unknown): unknown => parse(call(method, stringify(payload, encode)));
  const done: Metadata = Object.freeze({ status: 0, warnings: Object.freeze([]) });
  const asNumber = (value: unknown): number => (value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : (value as number));

  class HighsError extends Error {
    readonly status = -1;
    readonly operation: string;
    constructor(message: string, operation: string) {
      super(message);
      this.name = 'HighsError';
      this.operation = operation;
    }
  }
  class HighsDisposedError extends HighsError {
    constructor() {
      super('Cannot use this HiGHS model after disposal; create a new model or keep the work inside highs.withModel()', 'dispose');
      this.name = 'HighsDisposedError';
    }
  }
  class HighsValidationError extends HighsError {
    constructor(message: string) {
      super(message, 'validate');
      this.name = 'HighsValidationError';
    }
  }
  class HighsReentrancyError extends HighsError {
    constructor() {
      super('A HiGHS model cannot be used while one of its callbacks runs', 'reentrancy');
      this.name = 'HighsReentrancyError';
    }
  }
  class HighsUnsupportedOptionError extends HighsError {
    readonly option: string;
    constructor(option: string) {
      super(`Option '${option}' is not supported by the single-threaded data-only API`, 'setOptionValue');
      this.name = 'HighsUnsupportedOptionError';
      this.option = option;
    }
  }
  const failed = (operation: string): HighsError => new HighsError(`${operation} failed with HiGHS status -1`, operation);
  const notOffered = (operation: string): never => {
    throw new HighsError(
      `${operation} is not offered here: models are linear or mixed-integer, and give their status, objective, values and, without integers, duals`,
      operation,
    );
  };

  const modelStatus = {
    notSet: 0,
    loadError: 1,
    modelError: 2,
    presolveError: 3,
    solveError: 4,
    postsolveError: 5,
    empty: 6,
    optimal: 7,
    infeasible: 8,
    unboundedOrInfeasible: 9,
    unbounded: 10,
    objectiveBound: 11,
    objectiveTarget: 12,
    timeLimit: 13,
    iterationLimit: 14,
    unknown: 15,
    solutionLimit: 16,
    interrupted: 17,
  };
  const constants = {
    status: { error: -1, ok: 0, warning: 1 },
    variableType: { continuous: 0, integer: 1, semiContinuous: 2, semiInteger: 3, implicitInteger: 4 },
    objectiveSense: { minimize: 1, maximize: -1 },
    matrixFormat: { columnWise: 1, rowWise: 2 },
    hessianFormat: { triangular: 1, square: 2 },
    optionType: { boolean: 0, integer: 1, double: 2, string: 3 },
    infoType: { int64: -1, integer: 1, double: 2 },
    solutionStatus: { none: 0, infeasible: 1, feasible: 2 },
    basisValidity: { invalid: 0, valid: 1 },
    basisStatus: { lower: 0, basic: 1, upper: 2, zero: 3, nonbasic: 4 },
    callbackType: {
      logging: 0,
      simplexInterrupt: 1,
      ipmInterrupt: 2,
      mipSolution: 3,
      mipImprovingSolution: 4,
      mipLogging: 5,
      mipInterrupt: 6,
      mipCutPool: 7,
      mipUserSolution: 9,
    },
    presolveStatus: {
      notPresolved: -1,
      notReduced: 0,
      infeasible: 1,
      unboundedOrInfeasible: 2,
      reduced: 3,
      reducedToEmpty: 4,
      timeout: 5,
      nullError: 6,
      optionsError: 7,
      outOfMemory: 8,
    },
    modelStatus,
    iis: {
      strategyLight: 0,
      strategyRowPriority: 6,
      strategyColPriority: 14,
      boundFree: 1,
      boundLower: 2,
      boundUpper: 3,
      boundBoxed: 4,
      notInConflict: -1,
      maybeInConflict: 0,
      inConflict: 1,
    },
  };
  for (const group of Object.values(constants)) Object.freeze(group);
  const notKnown = (operation: string): never => {
    throw failed(operation);
  };
  const errors = { HighsError, HighsDisposedError, HighsValidationError, HighsReentrancyError, HighsUnsupportedOptionError };
  return { ask, encode, done, asNumber, errors, failed, notOffered, notKnown, constants: Object.freeze(constants) };
}

export type LibraryBase = ReturnType<typeof libraryBase>;
