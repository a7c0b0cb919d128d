/** Programs against npm `highs`, most of them the examples of its README made whole. Each must print the same from the package itself. */

const problem = `const problem = \`Maximize
   profit: 30 chairs + 50 tables
  Subject To
   carpentry: chairs + 2 tables <= 40
   finishing: 2 chairs + tables <= 50
  Bounds
   chairs >= 0
   tables >= 0
  Generals
   chairs tables
  End\`;
`;
const start = `const loadHighs = require("highs");
const highs = await loadHighs();
${problem}`;
const modelData = `const modelData = { numCols: 2, numRows: 2, sense: highs.constants.objectiveSense.maximize, offset: 3, colCost: [30, 50],
  colLower: new Float64Array([0, 0]), colUpper: [highs.infinity, 8], rowLower: [-Infinity, -Infinity], rowUpper: [40, 50],
  matrix: { format: "csc", numRows: 2, numCols: 2, starts: [0, 2, 4], indices: new Int32Array([0, 1, 0, 1]), values: [1, 2, 2, 1] },
  integrality: [1, 0], colNames: ["chairs", "tables"] };
`;

export interface HighsExample {
  readonly title: string;
  readonly code: string;
}

export const readmeExamples: readonly HighsExample[] = [
  {
    title: 'quick start with import',
    code: `import loadHighs from "highs";

const highs = await loadHighs();

${problem}
const result = highs.solve(problem, { output_flag: false });

if (result.Status !== "Optimal") {
  throw new Error(\`Solve ended with status: \${result.Status}\`);
}

console.log(result.ObjectiveValue);         // 1100
console.log(result.Columns.chairs.Primal);  // 20
console.log(result.Columns.tables.Primal);  // 10
`,
  },
  {
    title: 'CommonJS',
    code: `const loadHighs = require("highs");\nawait loadHighs().then((highs) => { console.log(typeof highs.solve); });`,
  },
  {
    title: 'a model kept by withModel',
    code: `${start}
const objective = highs.withModel(
  { format: "lp", data: problem },
  (model) => {
    model.run();
    return model.getObjectiveValue();
  },
);
console.log(objective);
console.log(await highs.withModel(async (model) => { await null; model.addVar(0, 1); return model.getDimensions().numCols; }));`,
  },
  {
    title: 'a model changed and solved again',
    code: `${start}
const model = highs.createModel({ format: "lp", data: problem });

try {
  model.options.set({ output_flag: false, presolve: "on" });

  model.run();
  console.log(model.getObjectiveValue());

  const tables = model.getColByName("tables");
  model.changeColBounds(tables, 0, 6);
  model.run();

  console.log(model.getSolution().colValue);
} finally {
  model.dispose();
}`,
  },
  {
    title: 'a model built step by step',
    code: `${start}
const model = highs.createModel();
model.addVar(0, highs.infinity);
model.changeColCost(0, 12);
model.changeColIntegrality(0, highs.constants.variableType.integer);
model.addRow(-highs.infinity, 20, { indices: [0], values: [3] });
model.changeObjectiveSense(highs.constants.objectiveSense.maximize);
console.log(model.run().modelStatus, model.getObjectiveValue(), Array.from(model.getSolution().rowValue));`,
  },
  {
    title: 'options and information',
    code: `${start}
const model = highs.createModel({ format: "lp", data: problem });
model.options.set({ output_flag: false });
model.options.set("time_limit", 30);
model.options.set({ presolve: "on", mip_rel_gap: 0.01 });

console.log(JSON.stringify(model.options.describe("mip_rel_gap")));
console.log(model.options.names().length);
model.run();
console.log(typeof model.info.get("simplex_iteration_count"));
console.log(typeof model.info.get("mip_node_count")); // bigint
console.log(model.info.get("objective_function_value"), model.info.get("primal_solution_status"), model.info.type("mip_gap"));`,
  },
  {
    title: 'a start from an earlier solution',
    code: `${start}${modelData}
const model = highs.createModel(modelData);
model.options.set("output_flag", false);
model.run();
const solution = model.getSolution();

const next = highs.createModel(modelData);
next.options.set("output_flag", false);
next.setSolution({ colValue: solution.colValue });
next.run();
console.log(next.getObjectiveValue());`,
  },
  {
    title: 'an infeasible model',
    code: `${start}
const model = highs.createModel({ format: "lp", data: problem });
model.options.set("output_flag", false);
model.changeRowBounds(model.getRowByName("carpentry"), 100, highs.infinity);
model.run();

console.log(model.getModelStatus() === highs.constants.modelStatus.infeasible);`,
  },
  {
    title: 'callbacks',
    code: `${start}
const shouldStop = () => false;
const model = highs.createModel({ format: "lp", data: problem });
model.options.set("output_flag", false);
model.run({
  [highs.constants.callbackType.mipLogging](event) {
  },
  [highs.constants.callbackType.mipInterrupt](event) {
    if (shouldStop()) event.interrupt();
  },
});
console.log(model.getObjectiveValue());`,
  },
  {
    title: 'the raw interface',
    code: `${start}${modelData}
const result = highs.raw.lpCall(modelData);

if (result.status !== highs.constants.status.error) {
  console.log(result.value.modelStatus);
  console.log(Array.from(result.value.solution.colValue).join());
}
const mip = highs.raw.mipCall(modelData);
console.log(mip.value.modelStatus, Array.from(mip.value.solution.colValue).join());
const model = highs.raw.createModel();
console.log(JSON.stringify([model.addVar(0, 1), model.getColByName("q"), model.getDimensions(), model.changeColCost(0, 2)]));`,
  },
  {
    title: 'model text out and in',
    code: `${start}
const model = highs.createModel({ format: "lp", data: problem });
const lpText = model.exportModel("lp");
const mpsBytes = model.exportModel("mps");

const clone = highs.createModel({ format: "lp", data: lpText });
const again = highs.createModel({ format: "mps", data: mpsBytes });
for (const one of [clone, again]) {
  one.options.set("output_flag", false);
  one.run();
  console.log(one.getObjectiveValue(), typeof one.exportSolution(true), one.getColName(0), one.getRowName(1));
}`,
  },
  {
    title: 'a loader with settings',
    code: `const loadHighs = require("highs");
const highs = await loadHighs({
  print: () => {},
});
console.log(highs.version.string, highs.infinity, highs.intBits);`,
  },
];

export const furtherExamples: readonly HighsExample[] = [
  {
    title: 'constants',
    code: `const highs = await require("highs")();\nconsole.log(JSON.stringify(highs.constants));\nconsole.log(Object.keys(highs.errors).join());`,
  },
  {
    title: 'every option with its default and limits',
    code: `const highs = await require("highs")();
const model = highs.createModel();
for (const name of model.options.names()) console.log(JSON.stringify(model.options.describe(name)), String(model.options.get(name)));`,
  },
  {
    title: 'options that are refused',
    code: `const highs = await require("highs")();
const model = highs.createModel();
for (const [name, value] of [["time_limit", "x"], ["gap", 1], ["threads", 1], ["log_file", "x"], ["mip_rel_gap", -1], ["mip_max_nodes", 1.5], ["presolve", true], ["time_limit", Infinity], ["mip_max_nodes", 7]]) {
  try { console.log(JSON.stringify(model.options.set(name, value)), model.options.get(name)); } catch (error) { console.log(error.name); }
}
model.options.reset();
console.log(model.options.get("mip_max_nodes"));`,
  },
  {
    title: 'sparse arrays by rows, and what getModel gives back',
    code: `${start}${modelData}
const model = highs.createModel({ ...modelData, matrix: { format: "csr", numRows: 2, numCols: 2, starts: [0, 2, 4], indices: [0, 1, 1, 0], values: [1, 2, 1, 2] } });
const plain = (k, v) => ArrayBuffer.isView(v) ? Array.from(v, String) : v === Infinity || v === -Infinity ? String(v) : v;
const show = (v) => console.log(JSON.stringify(v, plain));
show(model.getModel()); show(model.getModel("csr").matrix); show(model.getDimensions()); show(model.getColName(1)); show(model.getObjectiveSense());
show(model.getCols({ kind: "set", indices: [1] })); show(model.getRows({ kind: "range", from: 0, to: 1 }));
model.options.set("output_flag", false);
show(model.run()); show(model.getSolution().colValue); show(model.getSolution().rowValue); show(model.getObjectiveValue());`,
  },
  {
    title: 'changes',
    code: `${start}${modelData}
const model = highs.createModel(modelData);
model.options.set("output_flag", false);
const plain = (k, v) => ArrayBuffer.isView(v) ? Array.from(v, String) : v;
const show = () => { model.run(); console.log(model.getModelStatus(), model.getObjectiveValue(), JSON.stringify(model.getModel(), plain)); };
show();
model.addVars([0, 0], [5, 6]); model.changeColsCost({ kind: "range", from: 2, to: 3 }, [7, 9]); show();
model.addRows({ lower: [-Infinity], upper: [9], matrix: { format: "csr", numRows: 1, numCols: 4, starts: [0, 2], indices: [2, 3], values: [1, 2] } }); show();
model.addCol(4, 0, 2, { indices: [0, 2], values: [1, 1] }); show();
model.addCols({ cost: [1], lower: [0], upper: [3], matrix: { format: "csc", numRows: 3, numCols: 1, starts: [0, 1], indices: [2], values: [2] } }); show();
model.changeCoefficient(2, 2, 3); model.changeCoefficient(0, 1, 0); show();
model.changeColsBounds({ kind: "mask", mask: [1, 0, 0, 0, 0, 0] }, [1, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0]); show();
model.changeRowsBounds({ kind: "set", indices: [2] }, [-Infinity], [7]); show();
model.changeColsIntegrality({ kind: "set", indices: [3] }, [1]); show();
model.scaleRow(1, 2); show();
model.deleteCols({ kind: "set", indices: [2] }); show();
model.deleteRows({ kind: "range", from: 0, to: 0 }); show();
model.clearIntegrality(); model.changeObjectiveOffset(5); show();
model.changeObjectiveSense(highs.constants.objectiveSense.minimize); show();
console.log(model.getObjectiveOffset(), model.getColIntegrality(0));
model.clearModel(); console.log(JSON.stringify(model.getDimensions()), model.run().modelStatus);`,
  },
  {
    title: 'dual values',
    code: `${start}
const lp = problem.replace(/Generals[^E]*/, "");
const round = (values) => Array.from(values, (v) => Math.round(v * 1e9) / 1e9 + 0).join();
const model = highs.createModel({ format: "lp", data: lp });
model.options.set("output_flag", false);
model.run();
const { colDual, rowDual } = model.getSolution();
console.log(round(colDual), round(rowDual), model.info.get("dual_solution_status"));
const result = highs.solve(lp, { output_flag: false });
console.log(round(Object.values(result.Columns).map((c) => c.Dual)), round(result.Rows.map((r) => r.Dual)));
console.log("Dual" in highs.solve(problem, { output_flag: false }).Columns.chairs);`,
  },
  {
    title: 'errors',
    code: `${start}${modelData}
const model = highs.createModel(modelData);
model.options.set("output_flag", false);
const attempts = [
  () => model.getColByName("nothing"), () => model.getColName(9), () => model.changeColBounds(9, 0, 1), () => model.changeColIntegrality(0, 9),
  () => model.addRow(0, 1, { indices: [0, 0], values: [1, 2] }), () => model.addRow(0, 1, { indices: [0], values: [NaN] }),
  () => model.getSolution(), () => model.run({ 99() {} }), () => model.info.get("nothing"), () => highs.createModel({ numCols: 1 }),
  () => highs.createModel({ ...modelData, colCost: [1] }), () => highs.createModel({ ...modelData, colCost: [NaN, 1] }),
  () => highs.createModel({ ...modelData, matrix: { ...modelData.matrix, indices: [0, 1, 0, 5] } }), () => highs.createModel({ format: "xx", data: "" }),
];
for (const attempt of attempts) try { console.log(attempt()); } catch (error) { console.log(error.name, error.message, error.status, error.operation); }
model.dispose();
try { model.run(); } catch (error) { console.log(error.name, error instanceof highs.errors.HighsDisposedError, error.message); }
console.log(model.disposed, model.dispose());`,
  },
  {
    title: 'statuses',
    code: `const highs = await require("highs")();
for (const data of ["max\\n x\\nst\\nc1: x - y <= 4\\nend", "max\\n x\\nst\\nc1: x >= 4\\nc2: x <= 2\\nend", "max\\n x\\nst\\nc1: x <= 4.5\\ngen\\nx\\nend"]) {
  const model = highs.createModel({ format: "lp", data });
  model.options.set("output_flag", false);
  console.log(model.getModelStatus(), model.run().modelStatus, model.getModelStatus(), highs.solve(data, { output_flag: false }).Status);
}`,
  },
];
