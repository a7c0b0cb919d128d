/**
 * The reader of MPS text: free format, and fixed format with names that hold spaces where only its columns make sense of a line.
 *
 * What the dialects of the format leave open is decided as CPLEX, Gurobi and HiGHS do: an integer column between markers without any bound is
 * binary; a negative upper bound without a lower bound opens the column below; the right-hand side of the objective is its
 * constant with the opposite sign; further rows of type N are dropped. A field that begins with $ begins a comment, unless it names a row or
 * column, or stands where one is declared.
 */
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import { Spellings } from './foreign-characters.ts';
import { faultIn } from './lp-tokens.ts';
import { beyondLinear, fixedFields, freeFields, headerOf, mpsNumber, oddBlank, type Section, withoutComment } from './mps-fields.ts';
import { type LogicalPart, reformulate } from './reformulate.ts';
import { solverBound } from './validate.ts';

export interface MpsReadOptions {
  /** Name of the file, for messages. */
  readonly source?: string;
}

interface Row {
  readonly name: string;
  readonly type: 'L' | 'G' | 'E';
  side: number;
  range: number | null;
  readonly columns: number[];
  readonly coefficients: number[];
}

interface Column {
  readonly name: string;
  cost: number;
  integer: boolean;
  lower: number | null;
  upper: number | null;
}

class MpsParser {
  private readonly source: string | undefined;
  private readonly isFixed: boolean;
  private line = 0;
  private sense: 'min' | 'max' = 'min';
  private objective: string | null = null;
  /** Rows of type N: the objective and those that are dropped. */
  private readonly free = new Set<string>();
  private offset = 0;
  private readonly rows: Row[] = [];
  private readonly rowOf = new Map<string, Row>();
  private readonly columns: Column[] = [];
  private readonly columnOf = new Map<string, number>();
  private readonly spellings = new Spellings();
  /** Rows that hold only where a binary column has a value. */
  private readonly indicators = new Map<Row, { readonly column: number; readonly value: 0 | 1; readonly line: number }>();
  private readonly logic: LogicalPart[] = [];
  private areIntegers = false;
  /** Rows that the column under way has entries in. */
  private readonly entries = new Set<string>();
  /** Names of the sets in use: of several, a solver would take the first. */
  private readonly setOf = new Map<Section, string>();
  private readonly seen = new Set<string>();

  constructor({ source }: MpsReadOptions, isFixed: boolean) {
    this.source = source;
    this.isFixed = isFixed;
  }

  parse(lines: readonly string[]): LinearModel {
    let section: Section | null = null;
    for (const [index, text] of lines.entries()) {
      this.line = index + 1;
      if (text.startsWith('*')) this.senseInComment(text);
      if (text === '' || text.startsWith('*') || /^\s*$/.test(text)) continue;
      if (section === 'ENDATA') break;
      const isHeader = !/^[ \t]/.test(text);
      const split = isHeader || !this.isFixed ? freeFields(text) : fixedFields(text, this.isName);
      if (split === null) throw this.fault('the line fits neither the free nor the fixed format');
      const declares = (isHeader ? split[0]?.toUpperCase() === 'NAME' : section === 'ROWS') ? 2 : 1;
      const fields = withoutComment(split, declares, this.isName);
      this.refuseOddBlank(fields, text);
      const [word = ''] = fields;
      const header = isHeader ? headerOf(word, fields.length) : null;
      if (header !== null) section = this.begin(header, fields);
      else if (isHeader && Object.hasOwn(beyondLinear, word.toUpperCase()))
        throw this.fault(`${beyondLinear[word.toUpperCase()]} (${word}) cannot be taken; only linear models can`);
      else if (section === null) throw this.fault(`"${word}" is not a section; MPS text begins with NAME or ROWS`);
      else this.data(section, fields);
    }
    if (section !== 'ENDATA') throw this.fault('the text does not finish with ENDATA; is it cut off?');
    if (this.columns.length === 0) throw this.fault('the model has no variables');
    return this.model();
  }

  /** Whether a word that looks like a comment is a row or a column after all. */
  private readonly isName = (word: string): boolean => this.rowOf.has(word) || this.free.has(word) || this.columnOf.has(word);

  /** Some readers part fields at such a blank, others take it into a name. */
  private refuseOddBlank(fields: readonly string[], text: string): void {
    const field = fields.find((word) => oddBlank.test(word));
    const blank = field === undefined ? null : oddBlank.exec(field);
    if (field === undefined || blank === null) return;
    const code = (blank[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const what = `U+${code} looks like a blank; type a space, or leave it out`;
    throw faultIn('MPS', this.source, this.line, what, text.indexOf(field) + blank.index + 1);
  }

  private begin(section: Section, fields: readonly string[]): Section {
    if (section === 'OBJSENSE' && fields.length > 1) this.setSense(fields[1] ?? '');
    if (section === 'OBJNAME' && fields.length > 1) this.objective = fields[1] ?? null;
    if (section !== 'NAME' && this.seen.has(section)) throw this.fault(`a second section ${section}; keep one`);
    this.seen.add(section);
    const needs: Partial<Record<Section, Section>> = { COLUMNS: 'ROWS', RHS: 'COLUMNS', RANGES: 'ROWS', BOUNDS: 'COLUMNS' };
    const needed = needs[section];
    if (needed !== undefined && !this.seen.has(needed)) throw this.fault(`${section} stands before ${needed}`);
    return section;
  }

  private data(section: Section, fields: readonly string[]): void {
    switch (section) {
      case 'NAME':
        throw this.fault(`"${fields[0]}" stands where a section such as ROWS should begin`);
      case 'OBJSENSE':
        this.setSense(fields[0] ?? '');
        break;
      case 'OBJNAME':
        this.objective = fields[0] ?? null;
        break;
      case 'ROWS':
      case 'USERCUTS':
      case 'LAZYCONS':
        this.row(fields);
        break;
      case 'COLUMNS':
        this.column(fields);
        break;
      case 'RHS':
      case 'RANGES':
        this.sides(section, fields);
        break;
      case 'BOUNDS':
        this.bound(fields);
        break;
      case 'INDICATORS':
        this.indicate(fields);
        break;
      case 'ENDATA':
        break;
      default:
        section satisfies never;
    }
  }

  /** PuLP says the sense of an objective in a comment alone. */
  private senseInComment(text: string): void {
    const sense = /^\*SENSE:\s*(max|min)/i.exec(text)?.[1]?.toLowerCase();
    if (sense === 'max' || sense === 'min') this.sense = sense;
  }

  private setSense(word: string): void {
    if (/^max(imi[sz]e)?$/i.test(word)) this.sense = 'max';
    else if (/^min(imi[sz]e)?$/i.test(word)) this.sense = 'min';
    else throw this.fault(`"${word}" is not a sense of an objective; write MIN or MAX`);
  }

  private row(fields: readonly string[]): void {
    const [type = '', name = ''] = fields;
    const kind = type.toUpperCase();
    if (fields.length !== 2)
      throw this.fault(
        `a row has a type and a name, not ${fields.length} fields${this.isFixed ? '' : '; names with spaces need the columns of the fixed format'}`,
      );
    if (this.rowOf.has(name) || this.free.has(name)) throw this.fault(`the row "${name}" stands twice`);
    if (kind === 'N') {
      this.free.add(name);
      this.objective ??= name;
    } else if (kind === 'L' || kind === 'G' || kind === 'E') {
      const row: Row = { name, type: kind, side: 0, range: null, columns: [], coefficients: [] };
      this.rows.push(row);
      this.rowOf.set(name, row);
    } else throw this.fault(`"${type}" is not a type of row; the types are N, L, G and E`);
  }

  private column(fields: readonly string[]): void {
    if (fields[1] === "'MARKER'" || (fields[1] === 'MARKER' && !this.rowOf.has('MARKER'))) {
      const kind = fields.at(-1)?.replace(/'/g, '').toUpperCase();
      if (kind !== 'INTORG' && kind !== 'INTEND')
        throw this.fault(`the marker ${fields.at(-1)} cannot be taken; only INTORG and INTEND can`);
      this.areIntegers = kind === 'INTORG';
      return;
    }
    const [name = ''] = fields;
    let index = this.columnOf.get(name);
    if (index === undefined) {
      const why = this.spellings.fault(name);
      if (why !== null) throw this.fault(why);
      index = this.columns.push({ name, cost: 0, integer: this.areIntegers, lower: null, upper: null }) - 1;
      this.columnOf.set(name, index);
      this.entries.clear();
    } else if (index !== this.columns.length - 1) throw this.fault(`the column "${name}" goes on after another; keep its lines together`);
    for (const [rowName, value] of this.pairs(fields, 1)) {
      if (this.entries.has(rowName)) throw this.fault(`the column "${name}" has two entries in "${rowName}"; add them up`);
      this.entries.add(rowName);
      const row = this.rowOf.get(rowName);
      if (row !== undefined) {
        row.columns.push(index);
        row.coefficients.push(value);
      } else if (rowName === this.objective) (this.columns[index] as Column).cost = value;
      else if (!this.free.has(rowName)) throw this.fault(`"${rowName}" is not a row`);
    }
  }

  private sides(section: 'RHS' | 'RANGES', fields: readonly string[]): void {
    // An even number of fields is pairs alone: the name of the set may be left out.
    const first = this.isFixed ? 1 : fields.length % 2;
    if (first === 1) this.oneSet(section, fields[0] ?? '');
    for (const [name, value] of this.pairs(fields, first)) {
      const key = `${section} ${name}`;
      if (this.seen.has(key)) throw this.fault(`"${name}" has two entries in ${section}`);
      this.seen.add(key);
      const row = this.rowOf.get(name);
      if (row === undefined) {
        if (!this.free.has(name)) throw this.fault(`"${name}" is not a row`);
        if (section === 'RHS' && name === this.objective) this.offset = value === 0 ? 0 : -value;
      } else if (section === 'RHS') row.side = this.side(row, value);
      else row.range = value;
    }
  }

  /** HiGHS writes the side of an open row as infinite; the other infinity leaves no number. */
  private side({ name, type }: Row, value: number): number {
    const side = solverBound(value);
    const open = { L: Infinity, G: -Infinity, E: null }[type];
    if (Number.isFinite(side) || side === open) return value;
    throw this.fault(`no number is ${{ L: '<=', G: '>=', E: '=' }[type]} ${value}, which "${name}" asks for`);
  }

  private bound(fields: readonly string[]): void {
    const type = (fields[0] ?? '').toUpperCase();
    const takesValue = ['UP', 'LO', 'FX', 'LI', 'UI', 'SC', 'SI'].includes(type);
    if (!takesValue && !['FR', 'MI', 'PL', 'BV'].includes(type))
      throw this.fault(`"${fields[0]}" is not a type of bound; the types are UP, LO, FX, FR, MI, PL, BV, LI, UI, SC and SI`);
    const [, second = '', third = '', fourth] = fields;
    // The name of the set may be left out, and a value may stand where none is needed.
    const hasSet = this.isFixed || fields.length === 4 || (fields.length === 3 && !takesValue && this.columnOf.has(third));
    if (fields.length < (takesValue ? 3 : 2) || fields.length > 4)
      throw this.fault(`a bound has a type, a set, a column${takesValue ? ' and a value' : ''}`);
    if (hasSet) this.oneSet('BOUNDS', second);
    const name = hasSet ? third : second;
    const column = this.columns[this.columnOf.get(name) ?? -1];
    if (column === undefined) throw this.fault(`"${name}" is not a column`);
    const value = takesValue ? this.number(hasSet ? (fourth ?? '') : third) : 0;
    switch (type) {
      case 'SC':
      case 'SI':
        this.logic.push({ type: 'semi', column: this.columnOf.get(name) ?? -1, line: this.line });
        column.upper = value;
        break;
      case 'UP':
      case 'UI':
        column.upper = value;
        break;
      case 'LO':
      case 'LI':
        column.lower = value;
        break;
      case 'FX':
        column.lower = value;
        column.upper = value;
        break;
      case 'FR':
        column.lower = -Infinity;
        column.upper = Infinity;
        break;
      case 'MI':
        column.lower = -Infinity;
        break;
      case 'PL':
        column.upper = Infinity;
        break;
      default:
        column.lower = 0;
        column.upper = 1;
    }
    if (['BV', 'LI', 'UI', 'SI'].includes(type)) column.integer = true;
  }

  /** `IF row column value`: the row holds where the binary column has the value. */
  private indicate(fields: readonly string[]): void {
    const [word, rowName = '', columnName = '', value] = fields;
    const row = this.rowOf.get(rowName);
    const column = this.columnOf.get(columnName);
    if (word !== 'IF' || (value !== '0' && value !== '1'))
      throw this.fault('an indicator constraint reads "IF row column 1" or "IF row column 0"');
    if (row === undefined) throw this.fault(`"${rowName}" is not a row`);
    if (column === undefined) throw this.fault(`"${columnName}" is not a column`);
    this.indicators.set(row, { column, value: value === '1' ? 1 : 0, line: this.line });
  }

  private oneSet(section: Section, name: string): void {
    const known = this.setOf.get(section);
    if (known !== undefined && known !== name) throw this.fault(`${section} holds two sets, "${known}" and "${name}"; keep one`);
    this.setOf.set(section, name);
  }

  private *pairs(fields: readonly string[], from: number): Generator<[string, number]> {
    if (fields.length <= from || (fields.length - from) % 2 !== 0)
      throw this.fault(`the line has ${fields.length} fields; it needs ${from === 1 ? 'a name and then ' : ''}pairs of a row and a number`);
    for (let at = from; at < fields.length; at += 2) yield [fields[at] ?? '', this.number(fields[at + 1] ?? '')];
  }

  private number(text: string): number {
    const value = mpsNumber(text);
    if (value === null) throw this.fault(`"${text}" is not a number`);
    return value;
  }

  private model(): LinearModel {
    if (this.objective !== null && !this.free.has(this.objective))
      throw this.fault(`the objective "${this.objective}" is not a row of type N`);
    const variables = this.columns.map((column) => ({
      name: column.name,
      integer: column.integer,
      cost: column.cost,
      ...boundsOf(column),
    }));
    const constraints: Constraint[] = [];
    for (const row of this.rows) {
      if (row.range !== null && !Number.isFinite(solverBound(row.side)))
        throw this.fault(`the row "${row.name}" has a range, but its right-hand side is infinite; give it a finite one`);
      const indicator = this.indicators.get(row);
      if (indicator === undefined) constraints.push(constraintOf(row));
      else this.logic.push({ type: 'indicator', ...indicator, row: constraintOf(row) });
    }
    reformulate({ variables, constraints }, this.logic, (line, what) => faultIn('MPS', this.source, line, what));
    return { sense: this.sense, offset: this.offset, variables, constraints };
  }

  private fault(what: string): Error {
    return faultIn('MPS', this.source, this.line, what);
  }
}

function boundsOf({ lower, upper, integer }: Column): { lower: number; upper: number } {
  // Without any bound an integer column is binary.
  if (lower === null && upper === null) return { lower: 0, upper: integer ? 1 : Infinity };
  return { lower: solverBound(lower ?? (upper !== null && upper < 0 ? -Infinity : 0)), upper: solverBound(upper ?? Infinity) };
}

/** A range R widens L downwards and G upwards by |R|, and E towards its sign. */
function constraintOf({ name, type, side, range, columns, coefficients }: Row): Constraint {
  const width = Math.abs(range ?? 0);
  const up = type === 'G' || (type === 'E' && (range ?? 0) > 0);
  const down = type === 'L' || (type === 'E' && (range ?? 0) < 0);
  const open = range === null && type !== 'E' ? Infinity : width;
  // An infinite side is the open one of its row: only a range could close the other.
  if (!Number.isFinite(solverBound(side))) return { name, lower: -Infinity, upper: Infinity, columns, coefficients };
  return { name, lower: solverBound(down ? side - open : side), upper: solverBound(up ? side + open : side), columns, coefficients };
}

/**
 * A linear model from MPS text, or an error that names the line.
 *
 * @throws {EvomError} E_DATA where the text is wrong or holds what a linear model cannot.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseMps } from 'evom/solvers';
 * const text = `NAME m
 * ROWS
 *  N cost
 *  L c
 * COLUMNS
 *  x cost 3 c 1
 *  y cost 2 c 1
 * RHS
 *  RHS c 4 cost -10
 * RANGES
 *  RNG c 3
 * BOUNDS
 *  UP BND x -2
 * ENDATA`;
 * const { offset, variables, constraints } = parseMps(text);
 * assert.deepEqual([offset, variables[0]?.lower, constraints[0]?.lower, constraints[0]?.upper], [10, -Infinity, 1, 4]);
 * assert.throws(() => parseMps(text.replace('3 c 1', 'three c 1'), { source: 'm.mps' }), /m.mps:6: "three" is not a number/);
 * ```
 */
export function parseMps(text: string, options: MpsReadOptions = {}): LinearModel {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  try {
    return new MpsParser(options, false).parse(lines);
  } catch (error) {
    // Names with spaces give lines that only the columns of the fixed format can part.
    try {
      return new MpsParser(options, true).parse(lines);
    } catch {
      throw error;
    }
  }
}
