/** What `import ... from 'evom'` and its doors offer: a change here is a change for every user. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const { exports: entries } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  exports: Record<string, string | { readonly types: string; readonly default: string }>;
};
/** Doors by name: `rl` for `evom/rl`. */
const doors = Object.keys(entries).flatMap((path) => (/^\.\/[a-z-]+$/.test(path) ? [path.slice(2)] : []));
const namesOf = async (path: string): Promise<string[]> => Object.keys((await import(path)) as object).sort();
const deprecated = [
  ...readFileSync(`${root}src/old-root-names.ts`, 'utf8').matchAll(
    /@deprecated Import it from `evom\/([a-z-]+)`\. \*\/\n {2}(type )?(\w+),/g,
  ),
].map(([, door = '', type, name = '']) => ({ door, isType: type !== undefined, name }));

describe('the root', () => {
  it('offers the vocabulary and what a first program needs', async () => {
    const old = new Set(deprecated.map(({ name }) => name));
    expect((await namesOf('../src/index.ts')).filter((name) => !old.has(name))).toMatchInlineSnapshot(`
      [
        "EvomError",
        "attributeFault",
        "buildPrompt",
        "createBackend",
        "createVerifier",
        "dialectByName",
        "emptyOutcome",
        "evaluatePoint",
        "evaluatePolicy",
        "evaluateQuadratic",
        "extractCode",
        "findProgram",
        "generateProblem",
        "generateProblems",
        "groupAdvantages",
        "judgeOutcome",
        "linearModelFromJson",
        "linearModelToJson",
        "loadConfig",
        "lookAhead",
        "noEvidence",
        "openRun",
        "outcomeFromJson",
        "outcomeToJson",
        "parseExtraction",
        "parseLp",
        "programHash",
        "readProblems",
        "rewardPresets",
        "scoreOutcome",
        "solveProblem",
        "taskKey",
        "writeProblems",
      ]
    `);
  });

  it('still offers each value that it had before there were doors', async () => {
    const before = readFileSync(`${root}test/golden/root-names-before-doors.txt`, 'utf8').trim().split('\n');
    expect(await namesOf('../src/index.ts')).toEqual(expect.arrayContaining(before));
  });

  it('names the door of each old name, and it is there', async () => {
    expect(deprecated.length).toBeGreaterThan(400);
    for (const door of doors.filter((name) => name !== 'testing')) {
      const offered = await namesOf(`../src/${door}/index.ts`);
      const values = deprecated.filter((entry) => entry.door === door && !entry.isType).map(({ name }) => name);
      expect(offered).toEqual(expect.arrayContaining(values));
    }
    expect(doors).toEqual(expect.arrayContaining([...new Set(deprecated.map(({ door }) => door))]));
  });
});

describe('the doors', () => {
  it('are the index files of the rooms', () => {
    const rooms = readdirSync(`${root}src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(doors.toSorted()).toEqual(rooms.flatMap(({ name }) => (existsSync(`${root}src/${name}/index.ts`) ? [name] : [])).toSorted());
    for (const door of doors)
      expect(entries[`./${door}`]).toEqual({ types: `./dist/${door}/index.d.ts`, default: `./dist/${door}/index.js` });
  });

  it('offer these values', async () => {
    const offered = await Promise.all(doors.map(async (door) => [door, await namesOf(`../src/${door}/index.ts`)] as const));
    expect(Object.fromEntries(offered)).toMatchInlineSnapshot(`
      {
        "benchmarks": [
          "findDataset",
          "findInputs",
          "importInput",
          "importProblems",
          "labelVersionNamed",
          "labelVersionOf",
          "labelVersions",
          "readRecordings",
        ],
        "checkpoint": [
          "copyModelFiles",
          "decoderConfigJson",
          "decoderParameters",
          "initialWeights",
          "modelCard",
          "parseDecoderConfig",
          "publishDirectory",
          "readModelConfig",
          "readWeights",
          "verifyDirectory",
          "weightsSha256",
          "writeModelFolder",
        ],
        "dialects": [
          "buildPrompt",
          "buildReply",
          "dialectByName",
          "dialectNames",
          "extractCode",
          "findProgram",
          "inferDialect",
          "maxExamples",
          "promptTemplates",
          "simulatorNames",
        ],
        "embedded": [
          "createOnnxExportPolicy",
          "createOnnxLearner",
          "createOnnxPolicy",
          "drawToken",
          "entropyOfRow",
          "keptTokens",
          "softmaxRow",
        ],
        "evaluate": [
          "ablations",
          "clusteredWilson",
          "compareEvaluations",
          "evaluatePolicy",
          "solveSet",
          "summarizeSolved",
          "sweepMarkdown",
          "sweepReport",
          "transferMarkdown",
          "transferPicture",
          "transferReport",
        ],
        "lib": [
          "EvomError",
          "bootstrapMeanInterval",
          "csvRecords",
          "jsonObjects",
          "mcnemarTest",
          "meanInterval",
          "numberWordsIn",
          "openJsonlOutput",
          "pairedPermutationTest",
          "randomStream",
          "readSafetensors",
          "spokenNumber",
          "wilsonInterval",
          "writeSafetensors",
        ],
        "modeling": [
          "canonicalModel",
          "comparePerturbed",
          "countDifferences",
          "diagnoseModel",
          "differenceKinds",
          "equalUpToAuxiliaries",
          "hintNames",
          "identicalModels",
          "matchModels",
          "modelHash",
          "solvesReference",
          "variantHints",
        ],
        "policy": [
          "adamwDefaults",
          "checkOptimizerConfig",
          "createRecordedPolicy",
          "createScriptedPolicy",
          "muonDefaults",
        ],
        "problems": [
          "answerFromLabel",
          "answerOf",
          "auditLabels",
          "auditReach",
          "checkProblems",
          "discriminate",
          "families",
          "familyNamed",
          "generateProblem",
          "generateProblems",
          "generatorSource",
          "gramIndex",
          "kindOf",
          "mutations",
          "nearDuplicates",
          "noCounts",
          "normalizedText",
          "numberWriter",
          "numbersKeyOf",
          "overlapWith",
          "plainLabels",
          "problemCursor",
          "problemToJson",
          "readLabel",
          "readProblems",
          "readRecords",
          "splitOfNumbers",
          "splitProblems",
          "writeProblems",
        ],
        "reward": [
          "hardFlagNames",
          "hardFlags",
          "isInForm",
          "judgeOutcome",
          "judgeRule",
          "judgeRuleNames",
          "literalTrace",
          "overlongPenalty",
          "rewardPresets",
          "scoreByRules",
          "scoreOutcome",
          "softFlagNames",
          "softFlags",
        ],
        "rl": [
          "batchAdvantages",
          "beginSamplingStep",
          "compatPresets",
          "groupAdvantages",
          "initialSamplingState",
          "klTerm",
          "learningRateFactor",
          "lossDenominators",
          "nextSamplingAction",
          "offerGroups",
          "passAtK",
          "promptMeanWeights",
          "samplerWeights",
          "sequenceRatio",
          "summarizeGroup",
          "surrogateLoss",
          "tokenRatios",
          "tokenWeights",
        ],
        "run": [
          "OutcomeFile",
          "buildSolve",
          "configJsonSchema",
          "loadConfig",
          "lookAhead",
          "openRun",
          "readMetrics",
          "replayableMetrics",
        ],
        "servers": [
          "createOpenAiPolicy",
          "publishBatches",
          "verifyPublished",
        ],
        "solve": [
          "adviceText",
          "answerKinds",
          "attributeByAnswer",
          "attributeFault",
          "candidatesOf",
          "checkExtraction",
          "choose",
          "consistencyRules",
          "coverage",
          "embeddingSimilarity",
          "evaluatorOf",
          "evaluatorOrder",
          "executionScores",
          "extractionOfModel",
          "extremePoints",
          "feedbackOf",
          "generatorKinds",
          "generatorOf",
          "generatorProbabilities",
          "groupConsistency",
          "guaranteeOf",
          "isAligned",
          "isRefuted",
          "judgeMessages",
          "judgeScores",
          "lexicalSimilarity",
          "minimumBayesRisk",
          "modelOfExtraction",
          "paperSettings",
          "parseExtraction",
          "probePoints",
          "recommendSolver",
          "retrieve",
          "robustPortfolio",
          "sameNumbers",
          "sampleAgreement",
          "sampleTexts",
          "scoreIn",
          "selfConsistent",
          "simulate",
          "simulatePortfolios",
          "simulatorConsistency",
          "simulatorVotes",
          "simulatorWeight",
          "solveProblem",
          "sourceWeights",
          "testSimulator",
          "textShare",
          "trustOf",
          "usableSimulators",
          "validateBySimulator",
          "verified",
        ],
        "solver-host": [
          "SolverHost",
          "createRemoteVerifier",
          "hostDialects",
          "routeByDialect",
          "serveSolverHost",
        ],
        "solvers": [
          "backendNames",
          "compileHighs",
          "createBackend",
          "createGlpk",
          "createHighs",
          "createSolvePool",
          "missedRows",
          "modelFault",
          "needsOf",
          "parseLp",
          "parseModel",
          "parseMps",
          "solveText",
          "writeLp",
          "writeMps",
        ],
        "testing": [
          "describeBackend",
          "describeDialect",
          "describeLearner",
          "describePolicy",
        ],
        "tokenizer": [
          "byteTokenizer",
          "loadTokenizer",
          "trainBpe",
          "writeTokenizer",
        ],
        "train": [
          "checkGuards",
          "episodeText",
          "initialGuardState",
          "initialTrainState",
          "ownTokens",
          "partialKlWeights",
          "readBatch",
          "readRollouts",
          "rollOut",
          "sftLoop",
          "sftRow",
          "stretchesOf",
          "trainLoop",
          "trainingBatches",
          "trainingRows",
          "writeBatch",
          "writeRollouts",
        ],
        "verify": [
          "createAuditor",
          "createVerifier",
          "defaultLimits",
          "hasSolution",
          "hasVerdict",
          "noProgramOutcome",
          "resolveLimits",
          "solverFeedback",
        ],
      }
    `);
  });

  it('open by the name of the package', async () => {
    const script = `const { groupAdvantages } = await import('evom/rl'); console.log(JSON.stringify(Array.from(groupAdvantages([1, 0], { estimator: 'rloo' }))));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root });
    expect(JSON.parse(stdout)).toEqual([1, -1]);
  });
});

it('is imported without a solver, a runtime or a file format: those load when they are used', async () => {
  const dist = new URL('../dist/index.js', import.meta.url).href;
  // The hook sees every module that the import pulls in, CommonJS included.
  const hook = `export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
  const { stderr } = await promisify(execFile)(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(register)}`,
    '--input-type=module',
    '-e',
    `await import(${JSON.stringify(dist)});`,
  ]);
  const urls = stderr.split('\n');
  expect(urls).toContain(dist);
  const packages = new Set(urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
  for (const heavy of [
    'onnxruntime-node',
    'apache-arrow',
    'highs',
    'glpk.js',
    '@huggingface/transformers',
    '@huggingface/tokenizers',
    'yargs',
  ]) {
    expect(packages).not.toContain(heavy);
  }
});
