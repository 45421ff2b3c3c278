/** The layer diagram of docs/architecture.md, executable: each rule's comment is its sentence there. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })
const TESTS = '\\.(spec|system|conformance)\\.ts$|/testing/|^test/'

/** The chapters of libs/streams/src, each with those that it must not import. */
const STREAMS_CHAPTERS = {
  'task/': 'group',
  'restore/': 'group|task|faults',
  'faults/': 'group|task|restore|progress',
  'progress/': 'group|task|restore|faults',
  '(?!index)[^/]+$': 'group|task|restore|faults|progress',
}

module.exports = {
  forbidden: [
    rule(
      'no-cycles',
      'There are no import cycles: no file imports itself, directly or through other files.',
      {},
      { circular: true },
    ),
    rule('libs-know-no-app', 'Libraries do not import applications.', { path: '^libs/' }, { path: '^apps/' }),
    rule(
      'packages-are-the-top',
      'Applications and libraries do not import published packages of this repository.',
      { path: '^(apps|libs)/' },
      { path: '^packages/' },
    ),
    rule(
      'apps-meet-through-contracts',
      'Applications do not import each other, with two exceptions: standalone composes them, and the command line checks the configuration and the rows of the notifier.',
      {
        path: '^apps/(aggregator|notifier|cli)/',
        pathNot: ['^apps/cli/src/(commands/notify-check|audit/notifier-audit)', TESTS],
      },
      { path: '^apps/(aggregator|notifier|standalone|cli|console)/', pathNot: '^apps/$1/' },
    ),
    rule(
      'vote-is-pure',
      'The vote depends only on its arguments: it imports contracts and itself.',
      { path: '^libs/vote/', pathNot: TESTS },
      { pathNot: '^libs/(vote|contracts)/', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'engine-knows-no-edge',
      'The engine runs the vote over streams and stores: it knows no HTTP, no Nest, and no adapter of the log.',
      { path: '^libs/engine/', pathNot: TESTS },
      { path: '^(libs/(log/(kafka|embedded)|transport|http|routing|client|config)/|node_modules/@nestjs)' },
    ),
    rule(
      'pipeline-is-pure',
      'The notification pipeline depends only on its arguments: it imports contracts and itself.',
      { path: '^apps/notifier/src/pipeline/', pathNot: TESTS },
      { pathNot: '^(apps/notifier/src/pipeline/|libs/contracts/)', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'contracts-import-nothing',
      'Contracts import only their schema library.',
      { path: '^libs/contracts/', pathNot: TESTS },
      { pathNot: '^(libs/contracts/|node_modules/@sinclair/typebox)', dependencyTypesNot: ['core'] },
    ),
    rule(
      'kafkajs-lives-in-log-kafka',
      'Only libs/log/kafka imports kafkajs.',
      { path: '^(apps|libs)/', pathNot: ['^libs/log/kafka/', TESTS] },
      { path: 'node_modules/kafkajs' },
    ),
    rule(
      'sqlite-lives-in-two-places',
      'Only libs/state-store and libs/log/embedded import better-sqlite3.',
      { path: '^(apps|libs)/', pathNot: ['^libs/(state-store|log/embedded)/', TESTS] },
      { path: 'node_modules/better-sqlite3' },
    ),
    rule(
      'nest-microservices-lives-in-transport',
      'Libraries do not import Nest, except libs/transport, which imports @nestjs/microservices, and libs/http, the edge that both apps share.',
      { path: '^libs/', pathNot: ['^libs/(transport|http)/', TESTS] },
      { path: 'node_modules/@nestjs' },
    ),
    rule(
      'nest-only-at-the-edge',
      'In applications, only main, modules, http/ and controllers import Nest.',
      { path: '^apps/', pathNot: ['(main|\\.module|\\.controller|bootstrap)\\.ts$', '/http/', TESTS] },
      { path: 'node_modules/@nestjs' },
    ),
    rule(
      'fastify-only-at-the-edge',
      'Only libs/http and the http/ folders of applications import Fastify: all else takes a Call and returns an Answer.',
      { path: '^(apps|libs)/', pathNot: ['^libs/http/', '^apps/[^/]+/src/http/', TESTS] },
      { path: '^node_modules/fastify/' },
    ),
    rule(
      'queries-know-no-http',
      'Queries know nothing of the http/ folder of their application.',
      { path: '^apps/([^/]+)/src/queries/', pathNot: TESTS },
      { path: '^apps/[^/]+/src/http/' },
    ),
    rule(
      'log-is-the-bottom',
      'The log knows nothing of stores, streams, transport, objects or votes.',
      { path: '^libs/log/', pathNot: TESTS },
      { path: '^libs/(state-store|streams|transport|client|contracts)/' },
    ),
    rule(
      'state-store-uses-the-port-alone',
      "State stores may use the log's port, but no adapter, and nothing above.",
      { path: '^libs/state-store/', pathNot: TESTS },
      { path: '^libs/(log/(kafka|embedded)|streams|transport|client|contracts)/' },
    ),
    rule(
      'streams-knows-no-votes',
      'Streams know nothing of objects and votes, and no adapter of the log.',
      { path: '^libs/streams/', pathNot: TESTS },
      { path: '^libs/(log/(kafka|embedded)|transport|client|contracts)/' },
    ),
    ...Object.entries(STREAMS_CHAPTERS).map(([chapter, above]) =>
      rule(
        `streams-chapters-${above}`,
        'In libs/streams, imports run one way: group, task, then restore and faults, then progress, then the files beside index.ts.',
        { path: `^libs/streams/src/${chapter}`, pathNot: TESTS },
        { path: `^libs/streams/src/(${above})/` },
      ),
    ),
    rule(
      'edge-knows-no-routing',
      'The HTTP edge knows nothing of owners and peers: routing is a layer above.',
      { path: '^libs/http/', pathNot: TESTS },
      { path: '^libs/routing/' },
    ),
    rule(
      'routing-knows-no-votes',
      'Routing knows nothing of objects and votes, no Nest, and no adapter of the log.',
      { path: '^libs/routing/', pathNot: TESTS },
      { path: '^(libs/(log/(kafka|embedded)|engine|vote|transport|client)/|node_modules/@nestjs)' },
    ),
    rule(
      'through-the-door',
      "Across packages, import only the package's door (its index.ts).",
      { path: '^(apps|libs|packages)/([^/]+)/', pathNot: TESTS },
      { path: '^libs/([^/]+)/(src/|kafka/|embedded/|testing/)', pathNot: ['/index\\.ts$', '^libs/$2/'] },
    ),
    rule(
      'testing-stays-in-tests',
      'Product code does not import testing code.',
      { path: '^(apps|libs|packages)/', pathNot: TESTS },
      { path: '/testing/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
}
