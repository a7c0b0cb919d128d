import { describe, expect, it } from 'vitest';
import { preloadOf, preloadsOf } from '../../src/solver-host/preload.ts';

describe('preloads', () => {
  it.each([
    ['ortools', 'from ortools.linear_solver import pywraplp\ns = pywraplp.Solver.CreateSolver("SCIP")', 'core'],
    ['ortools', 'from ortools.linear_solver import pywraplp\nimport pandas as pd', 'all'],
    ['ortools', 'from ortools.linear_solver import pywraplp\nfrom ortools.sat.python import cp_model', 'all'],
    ['ortools', 'from ortools.sat.python import cp_model', 'all'],
    ['ortools', 'from ortools.math_opt.python import mathopt', 'all'],
    ['ortools', 'from ortools.linear_solver.python import model_builder', 'all'],
    ['gurobipy', 'import gurobipy as gp\nm = gp.Model()', 'core'],
    ['gurobipy', 'import gurobipy as gp\nimport numpy as np', 'all'],
    ['gurobipy', 'import gurobipy as gp\nx = gp.Model().addMVar(3)', 'all'],
    ['gurobipy', 'print("nothing")', 'all'],
    ['coptpy', 'import coptpy', 'all'],
  ])('%s: %j begins with %s', (dialect, code, preload) => {
    expect(preloadOf(dialect, code)).toBe(preload);
    expect(preloadsOf(dialect)).toContain(preload);
  });
});
