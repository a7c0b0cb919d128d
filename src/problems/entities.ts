/** Names that problems draw from; each is one lower-case word, safe as a variable name in LP text and in JavaScript. */

export const goods = [
  'boots',
  'mugs',
  'chairs',
  'lamps',
  'bags',
  'hats',
  'rugs',
  'toys',
  'desks',
  'bowls',
  'coats',
  'drums',
  'vases',
  'belts',
  'kites',
  'carts',
  'ovens',
  'tables',
  'clocks',
  'bikes',
  'shelves',
  'masks',
] as const;
export const liquids = ['paint', 'juice', 'glue', 'soap', 'syrup', 'wine', 'vinegar', 'ink', 'beer', 'cider', 'sauce', 'polish'] as const;
export const foods = [
  'rice',
  'beans',
  'milk',
  'oats',
  'fish',
  'nuts',
  'bread',
  'corn',
  'soup',
  'tofu',
  'peas',
  'cheese',
  'lentils',
  'pasta',
] as const;
export const crops = ['wheat', 'corn', 'barley', 'oats', 'beans', 'peas', 'hops', 'flax', 'rye', 'clover', 'cotton', 'melons'] as const;
export const funds = ['gold', 'bonds', 'stocks', 'land', 'silver', 'oil', 'timber', 'loans', 'copper', 'shares'] as const;
export const gear = [
  'tent',
  'lamp',
  'rope',
  'stove',
  'radio',
  'drill',
  'kayak',
  'camera',
  'blanket',
  'ladder',
  'saw',
  'pump',
  'canoe',
  'tarp',
] as const;
export const projects = [
  'bridge',
  'park',
  'school',
  'pool',
  'museum',
  'tunnel',
  'market',
  'library',
  'dam',
  'station',
  'clinic',
  'harbor',
] as const;
export const sources = ['mill', 'farm', 'mine', 'plant', 'depot', 'dock', 'quarry', 'barn'] as const;
export const targets = ['port', 'city', 'shop', 'hotel', 'camp', 'town', 'school', 'market', 'bakery', 'museum'] as const;
export const sites = ['hill', 'bay', 'lake', 'forest', 'valley', 'island', 'river', 'coast', 'meadow', 'cliff'] as const;
export const areas = ['north', 'south', 'east', 'west', 'center'] as const;
export const workers = ['smith', 'baker', 'clerk', 'guard', 'driver', 'cook', 'tailor', 'mason', 'nurse', 'painter'] as const;
export const jobs = ['roof', 'wall', 'gate', 'well', 'fence', 'floor', 'tower', 'garden', 'cellar', 'porch'] as const;
export const vehicles = ['truck', 'van', 'ship', 'train', 'wagon', 'bus', 'ferry', 'tractor', 'barge', 'plane'] as const;
export const shifts = ['dawn', 'day', 'dusk', 'night', 'early', 'late'] as const;
export const cuts = ['red', 'blue', 'green', 'white', 'black', 'yellow', 'brown', 'pink'] as const;
export const machines = ['press', 'lathe', 'robot', 'forge', 'mixer', 'loom'] as const;
export const ingredients = ['sand', 'lime', 'clay', 'ash', 'salt', 'sugar', 'flour', 'cocoa', 'butter', 'honey'] as const;

/** What activities use up: "17 units of wood". */
export const materials = [
  'units of wood',
  'units of steel',
  'units of glass',
  'units of cloth',
  'units of leather',
  'hours of work',
  'hours of machine time',
  'liters of water',
  'units of plastic',
] as const;
export const landNeeds = ['liters of water', 'hours of work', 'units of fertilizer', 'hours of machine time', 'units of seed'] as const;
export const brewNeeds = [
  'liters of water',
  'hours of work',
  'hours of machine time',
  'units of glass',
  'units of sugar',
  'units of oil',
] as const;
export const nutrients = [
  'grams of protein',
  'grams of iron',
  'grams of fiber',
  'grams of fat',
  'grams of vitamins',
  'grams of starch',
] as const;
export const loads = ['boxes', 'people', 'barrels', 'crates', 'letters', 'animals'] as const;

/** Words that LP text or JavaScript keeps for itself; no variable may have one of these names. */
export const reservedNames: ReadonlySet<string> = new Set([
  'free',
  'end',
  'inf',
  'infinity',
  'bin',
  'binary',
  'binaries',
  'gen',
  'general',
  'generals',
  'int',
  'integer',
  'integers',
  'st',
  'such',
  'subject',
  'to',
  'max',
  'maximize',
  'maximum',
  'min',
  'minimize',
  'minimum',
  'bound',
  'bounds',
  'sos',
  'sec',
  'semi',
  'semis',
  'e',
  'const',
  'let',
  'var',
  'new',
  'in',
  'do',
  'if',
  'for',
  'case',
  'this',
  'with',
  'delete',
  'import',
  'export',
  'default',
  'class',
  'void',
  'await',
  'highs',
  'obj',
]);
