// Who may import whom. ARCHITECTURE.md draws the same table; test/architecture checks each rule with an injected fault.

// The layers of src/, lowest first: a folder imports from the layers below its own, never from its neighbours.
const layers = [
  ['lib'],
  ['core'],
  [
    'rl',
    'reward',
    'problems',
    'dialects',
    'solvers',
    'modeling',
    'sandbox',
    'batch',
    'runs',
    'checkpoint',
    'tokenizer',
    'decode',
    'policy',
    'trackers',
  ],
  ['benchmarks', 'verify', 'embedded', 'servers', 'gguf'],
  ['rollout', 'solve', 'solver-host'],
  ['evaluate'],
  ['train'],
  ['config'],
  ['run', 'serve', 'report'],
  ['cli', 'testing'],
];
const folder = (names) => `^src/(?:${names.join('|')})/`;

// Each heavy package enters through one door, so that swapping it touches one place.
const doors = {
  highs: '^src/solvers/highs',
  'glpk[.]js': '^src/solvers/glpk',
  'p-map': '^src/lib/in-order',
  piscina: '^src/(?:sandbox/|solvers/solve-pool)',
  'quickjs-emscripten-core': '^src/sandbox/',
  '@jitl/quickjs-wasmfile-release-sync': '^src/sandbox/',
  'apache-arrow': '^src/(?:batch/|benchmarks/arrow-records)',
  hyparquet: '^src/benchmarks/parquet-records',
  'hyparquet-compressors': '^src/benchmarks/(?:parquet|arrow)-records',
  'onnxruntime-node': '^src/embedded/nn/session',
  '@huggingface/[^/]+': '^src/(?:tokenizer|embedded|gguf)/',
  yauzl: '^src/gguf/wheel',
  yargs: '^src/cli/',
  picocolors: '^src/cli/',
  undici: '^src/lib/http[.]ts$',
  ws: '^src/serve/web-sockets',
  yaml: '^src/config/',
  zod: '^src/config/',
  vitest: '^src/testing/',
};

// Modules that make a concrete plug-in. Only config/build/ chooses among them; doctor.ts tries each.
const concrete = [
  'solvers/(?:highs|glpk)',
  'embedded/sampler/onnx-(?:export-)?policy',
  'embedded/learner/onnx-learner',
  'trackers/(?:tensorboard|trackio|mlflow|wandb)',
  'servers/(?:openai-policy|colocated-policy|colocated-learner|torch-learner)',
  'policy/recorded-policy',
];

// Entry points that nothing imports: workers and guests are loaded by path, bins by name.
const entries = '^src/(?:index|cli/main)[.]ts$|^src/[^/]+/index[.]ts$|/(?:[^/]*worker[^/]*|guests/[^/]+)[.]ts$|[.]d[.]ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Two modules that need each other hide a third: move what they share below both.',
      from: { path: '^src/' },
      to: { circular: true },
    },
    ...layers.flatMap((names, level) =>
      names.map((name) => ({
        name: `layer-${name}`,
        severity: 'error',
        comment: `${name}/ may import ${layers.slice(0, level).flat().join(', ') || 'nothing else'}; pass anything else in as an argument.`,
        from: { path: folder([name]) },
        to: { path: '^src/', pathNot: folder([name, ...layers.slice(0, level).flat()]) },
      })),
    ),
    {
      name: 'every-folder-has-a-layer',
      severity: 'error',
      comment: 'A new folder gets its place in `layers` above and in the table of ARCHITECTURE.md.',
      from: { path: '^src/', pathNot: `${folder(layers.flat())}|^src/(?:index|old-root-names)[.]ts$` },
      to: {},
    },
    {
      name: 'nothing-imports-a-door',
      severity: 'error',
      comment: 'index.ts and ROOM/index.ts are for users of the package; inside, import the file.',
      from: { path: '^src/', pathNot: '^src/index[.]ts$|^src/old-root-names[.]ts$' },
      to: { path: '^src/index[.]ts$|^src/[^/]+/index[.]ts$|^src/old-root-names[.]ts$' },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      comment: 'A path that does not resolve escapes every other rule.',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'src-not-to-test',
      severity: 'error',
      comment: 'What both need belongs in src/.',
      from: { path: '^src/' },
      to: { path: '^(?:test|scripts)/' },
    },
    ...Object.entries(doors).map(([name, door]) => ({
      name: `one-door-${name.replaceAll('[.]', '.').replace('/[^/]+', '')}`,
      severity: 'error',
      comment: 'This package has one door; use what that module exports.',
      from: { path: '^src/', pathNot: door },
      to: { path: `node_modules/${name}/` },
    })),
    {
      name: 'only-build-names-concrete-classes',
      severity: 'error',
      comment:
        'Take the interface as an argument; config/build/ decides which plug-in a run uses. verify/ hosts the guests, which meet a solver.',
      from: {
        path: '^src/',
        pathNot:
          '^src/config/build/|^src/cli/commands/doctor[.]ts$|^src/index[.]ts$|^src/[^/]+/index[.]ts$|^src/(?:solvers|embedded|servers|verify|solver-host)/',
      },
      to: { path: concrete.map((name) => `^src/${name}`).join('|'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'one-http-client-and-one-server',
      severity: 'error',
      comment: 'Ask other programs by lib/http.ts and answer them by lib/http-server.ts: one rule of retries, one of who may ask.',
      from: { path: '^src/', pathNot: '^src/lib/http-server[.]ts$' },
      to: { path: '^(?:node:)?https?$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'files-are-read-and-written-in-few-places',
      severity: 'error',
      comment: 'Take the content as an argument; runs/, checkpoint/, batch/ and problems/ own the files.',
      from: {
        path: '^src/(?:core|rl|reward|decode|dialects|modeling|solvers|verify|rollout|solve|train|evaluate)/',
        // Atomic writing is what every layer shares; the engines read their own WebAssembly; run-store is the loop's disk.
        pathNot: '^src/lib/atomic-write[.]ts$|^src/solvers/(?:highs|glpk)|^src/train/run-store[.]ts$',
      },
      to: { path: '^(?:node:)?fs(?:/promises)?$' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nothing uses this module: use it, name it as an entry in this file, or delete it.',
      from: { orphan: true, path: '^src/', pathNot: entries },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Without these, a subpath export such as 'glpk.js/node' stays unresolved and no door rule sees it.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
