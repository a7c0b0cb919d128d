/** Names that problems draw from; each is one lower-case word, safe as a variable name in LP text and in JavaScript. */

export const goods: readonly string[] = [
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
export const liquids: readonly string[] = [
  'paint',
  'juice',
  'glue',
  'soap',
  'syrup',
  'wine',
  'vinegar',
  'ink',
  'beer',
  'cider',
  'sauce',
  'polish',
];
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
export const crops: readonly string[] = [
  'wheat',
  'corn',
  'barley',
  'oats',
  'beans',
  'peas',
  'hops',
  'flax',
  'rye',
  'clover',
  'cotton',
  'melons',
];
export const funds: readonly string[] = ['gold', 'bonds', 'stocks', 'land', 'silver', 'oil', 'timber', 'loans', 'copper', 'wool'];
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
export const sources: readonly string[] = ['mill', 'farm', 'mine', 'plant', 'depot', 'dock', 'quarry', 'barn'];
export const targets: readonly string[] = ['port', 'city', 'shop', 'hotel', 'camp', 'town', 'school', 'market', 'bakery', 'museum'];
export const sites: readonly string[] = ['hill', 'bay', 'lake', 'forest', 'valley', 'island', 'river', 'coast', 'meadow', 'cliff'];
export const areas: readonly string[] = ['north', 'south', 'east', 'west', 'center'];
export const workers: readonly string[] = ['smith', 'baker', 'clerk', 'guard', 'driver', 'cook', 'tailor', 'mason', 'nurse', 'painter'];
export const jobs: readonly string[] = ['roof', 'wall', 'gate', 'well', 'fence', 'floor', 'tower', 'garden', 'cellar', 'porch'];
export const vehicles: readonly string[] = ['truck', 'van', 'ship', 'train', 'wagon', 'bus', 'ferry', 'tractor', 'barge', 'plane'];
export const shifts: readonly string[] = ['dawn', 'day', 'dusk', 'night', 'early', 'late'];
export const cuts: readonly string[] = ['red', 'blue', 'green', 'white', 'black', 'yellow', 'brown', 'pink'];
export const machines: readonly string[] = ['press', 'lathe', 'robot', 'forge', 'mixer', 'loom'];
export const parts: readonly string[] = ['gear', 'frame', 'wheel', 'panel', 'shaft', 'valve', 'spring', 'motor'];
export const months: readonly string[] = ['june', 'july', 'august'];
export const periods: readonly string[] = ['morning', 'noon', 'evening', 'midnight'];
export const pieces: readonly string[] = ['long pieces', 'short pieces', 'wide pieces', 'thin pieces', 'square pieces', 'round pieces'];
export const ingredients: readonly string[] = ['sand', 'lime', 'clay', 'ash', 'salt', 'sugar', 'flour', 'cocoa', 'butter', 'honey'];

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
export const landNeeds: readonly string[] = [
  'liters of water',
  'hours of work',
  'units of fertilizer',
  'hours of machine time',
  'units of seed',
];
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
export const loads: readonly string[] = ['boxes', 'people', 'barrels', 'crates', 'letters', 'animals'];

/** First words of names of two words; the second comes from `wares`. */
export const makes: readonly string[] = ['oak', 'steel', 'blue', 'large', 'small', 'plain', 'folding', 'winter', 'garden', 'travel'];
/** One and several. */
export const wares: readonly (readonly [string, string])[] = [
  ['table', 'tables'],
  ['chair', 'chairs'],
  ['lamp', 'lamps'],
  ['bag', 'bags'],
  ['desk', 'desks'],
  ['clock', 'clocks'],
  ['coat', 'coats'],
  ['rug', 'rugs'],
  ['basket', 'baskets'],
  ['mirror', 'mirrors'],
];
export const sizesOfVehicles: readonly string[] = ['small', 'large', 'electric', 'cooled', 'light', 'heavy', 'rented', 'covered'];
export const rentedVehicles: readonly (readonly [string, string])[] = [
  ['van', 'vans'],
  ['truck', 'trucks'],
  ['cart', 'carts'],
  ['boat', 'boats'],
  ['trailer', 'trailers'],
];
/** First words of the components of a mix: "berry syrup". */
export const flavors: readonly string[] = ['berry', 'apple', 'ginger', 'lemon', 'herbal', 'cherry', 'maple', 'mint'];
export const contents: readonly string[] = ['sugar', 'acid', 'fiber', 'pulp'];
