/** The limits that keep a report small whatever a run did, and the cut that they ask for. A cut always says what is missing. */

/** Every number here bounds memory while the journal is read, the size of the page, or both. */
export const bounds = {
  /** Causes kept with their details, per verdict group. Further causes are counted, not kept. */
  causesMax: 500,
  /** Characters of one printed value. */
  textCharsMax: 600,
  /** Field rows of one answer. */
  rowsMax: 120,
  /** Bytes of a hex window. */
  hexBytesMax: 256,
  storyStepsMax: 60,
  eventsPerStepMax: 20,
  pathsPerCauseMax: 5,
  notesMax: 100,
  sidesMax: 100,
  shardsMax: 1_000,
  casesCountedMax: 100_000,
  /** Different result codes, shapes, event types or sessions that a hostile or broken journal may invent before they are lumped together. */
  namesMax: 64,
  /** Pairs of operation and result in a count of cells, bytes of its bits, and pairs that never came that are listed. */
  pairsMax: 1_000,
  cellBytesMax: 65_536,
  neverMax: 200,
  /** Armed watches remembered while matching events to the calls that asked for them. */
  watchesMax: 20_000,
  /** JSON embedded in the page. The rest of the page is a fixed 100 KB or so; the promise is 5 MB in all. */
  pageDataBytesMax: 4_000_000,
} as const;

/** Everything that a terminal, a browser or a reader's eye would obey or not see: controls, bidirectional marks and overrides, invisible
 *  spaces, line separators, lone surrogates. Znode names and data may hold all of them. */
const unprintable =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text with its unprintable characters written out as `\u202e`, so that no view can be misled by what it shows. */
const legible = (text: string): string =>
  text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Makes a text fit to be shown anywhere: at most `charsMax` characters of it, unprintable ones written out, and how many are missing. */
export function shortened(text: string, charsMax: number = bounds.textCharsMax): string {
  if (text.length <= charsMax) return legible(text);
  const high = text.charCodeAt(charsMax - 1);
  const at = high >= 0xd800 && high <= 0xdbff ? charsMax - 1 : charsMax;
  return `${legible(text.slice(0, at))}… (${grouped(text.length - at)} more characters)`;
}

/** A whole number with thousands set apart: 1048576 as "1,048,576". Locale-free, so that reports are the same everywhere. */
export const grouped = (number: number): string => String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** Adds one to a counter in a map that never grows past `namesMax` keys; what does not fit is counted under "(others)". */
export function tally(counts: Map<string, number>, name: string, namesMax: number = bounds.namesMax): void {
  const key = counts.has(name) || counts.size < namesMax ? shortened(name, 80) : "(others)";
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
