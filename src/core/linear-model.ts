/** The linear or mixed-integer program that programs hand over and solver backends take. */

/** A decision variable; a binary is an integer between 0 and 1. */
export interface Variable {
  readonly name: string;
  readonly lower: number; // -Infinity when free below
  readonly upper: number; // Infinity when free above
  readonly integer: boolean;
  /** Objective coefficient. */
  readonly cost: number;
}

/** `lower <= sum(coefficients[k] * x[columns[k]]) <= upper`; an equality has equal bounds. */
export interface Constraint {
  readonly name: string;
  readonly lower: number;
  readonly upper: number;
  /** Indices into `variables`, each at most once. */
  readonly columns: readonly number[];
  readonly coefficients: readonly number[];
}

/** `sense cost'x + offset` subject to the constraints and the bounds of the variables. */
export interface LinearModel {
  readonly sense: 'min' | 'max';
  readonly offset: number;
  readonly variables: readonly Variable[];
  readonly constraints: readonly Constraint[];
}

type JsonBound = number | null;

/** A `LinearModel` as JSON can hold it: an infinite bound is `null`. */
export interface LinearModelJson {
  readonly sense: 'min' | 'max';
  readonly offset?: number;
  readonly variables: readonly { name: string; lower: JsonBound; upper: JsonBound; integer: boolean; cost: number }[];
  readonly constraints: readonly {
    name: string;
    lower: JsonBound;
    upper: JsonBound;
    columns: readonly number[];
    coefficients: readonly number[];
  }[];
}

const finite = (bound: number): JsonBound => (Number.isFinite(bound) ? bound : null);

/** The JSON form of a model: infinite bounds become `null`. */
export function linearModelToJson(model: LinearModel): LinearModelJson {
  return {
    sense: model.sense,
    offset: model.offset,
    variables: model.variables.map((v) => ({
      name: v.name,
      lower: finite(v.lower),
      upper: finite(v.upper),
      integer: v.integer,
      cost: v.cost,
    })),
    constraints: model.constraints.map((c) => ({
      name: c.name,
      lower: finite(c.lower),
      upper: finite(c.upper),
      columns: c.columns,
      coefficients: c.coefficients,
    })),
  };
}

/** A model read back from its JSON form. */
export function linearModelFromJson(json: LinearModelJson): LinearModel {
  return {
    sense: json.sense,
    offset: json.offset ?? 0,
    variables: json.variables.map((v) => ({ ...v, lower: v.lower ?? -Infinity, upper: v.upper ?? Infinity })),
    constraints: json.constraints.map((c) => ({ ...c, lower: c.lower ?? -Infinity, upper: c.upper ?? Infinity })),
  };
}
