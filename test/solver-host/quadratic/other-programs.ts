/** Quadratic programs in MathOpt, and in highspy, which takes convex objectives only. */
import type { QuadraticProgram } from './gurobipy-programs.ts';

const mathopt = 'from ortools.math_opt.python import mathopt\nm = mathopt.Model(name="m")\n';

export const mathoptPrograms: readonly QuadraticProgram[] = [
  {
    name: 'goat pen',
    optimum: 7200,
    code: `${mathopt}w, l = m.add_variable(lb=0, ub=240, name="w"), m.add_variable(lb=0, ub=240, name="l")
m.add_linear_constraint(2 * w + l <= 240)
m.maximize(w * l)
r = mathopt.solve(m, mathopt.SolverType.GSCIP)
print(r.objective_value())`,
  },
  {
    name: 'a disc and whole numbers',
    optimum: 14, // (3, 2, 1) with 9 + 4 + 1 <= 14
    code: `${mathopt}x = [m.add_integer_variable(lb=0, ub=9, name=f"x{i}") for i in range(3)]
m.add_quadratic_constraint(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] <= 14, name="ball")
m.maximize(3 * x[0] + 2 * x[1] + x[2])
r = mathopt.solve(m, mathopt.SolverType.GSCIP)`,
  },
];

const highspy = 'import highspy\nimport numpy as np\nh = highspy.Highs()\nh.setOptionValue("output_flag", False)\n';

/** min (x - 1)^2 + (x - 1)(y - 2) + (y - 2)^2 with x + y <= 2: 0.75 at (0.5, 1.5). */
const rows = `x, y = h.addVariable(ub=9, name="x"), h.addVariable(ub=9, name="y")
h.addConstr(x + y <= 2)
h.minimize(0 * x)
h.changeColsCost(2, np.array([0, 1]), np.array([-4.0, -5.0]))
h.changeObjectiveOffset(7)
`;

export const highspyPrograms: readonly QuadraticProgram[] = [
  {
    name: 'a triangle of the Hessian',
    optimum: 0.75,
    code: `${highspy}${rows}h.passHessian(2, 3, highspy.HessianFormat.kTriangular, np.array([0, 2]), np.array([0, 1, 1]), np.array([2.0, 1.0, 2.0]))
h.run()
print(h.getObjectiveValue(), h.getSolution().col_value)`,
  },
  {
    name: 'a square of the Hessian',
    optimum: 0.75,
    code: `${highspy}${rows}h.passHessian(2, 4, highspy.HessianFormat.kSquare, np.array([0, 2]), np.array([0, 1, 0, 1]), np.array([2.0, 1.0, 1.0, 2.0]))
h.run()`,
  },
];
