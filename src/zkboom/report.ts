/** A summary as text, laid out like the reports of etcd's benchmark tool (etcd, pkg/report), so that the two can be read side by side. */
import { percents, type Summary } from "./summary.ts";

/** Length of the longest bar, characters. */
const barLength = 40;

/** The whole report. `precise` prints all digits instead of four. */
export function report(summary: Summary, { precise }: { readonly precise: boolean }): string {
  const number = (value: number) => (precise ? String(value) : value.toFixed(4));
  const seconds = (ms: number) => number(ms / 1000);
  const lines = [
    "",
    "Summary:",
    `  Total:\t${seconds(summary.elapsedMs)} secs.`,
    `  Slowest:\t${seconds(summary.slowestMs)} secs.`,
    `  Fastest:\t${seconds(summary.fastestMs)} secs.`,
    `  Average:\t${seconds(summary.averageMs)} secs.`,
    `  Stddev:\t${seconds(summary.stddevMs)} secs.`,
    `  Requests/sec:\t${number(summary.perSecond)}`,
  ];
  if (summary.succeeded > 0) {
    const most = summary.histogram.reduce((max, { count }) => Math.max(max, count), 1);
    lines.push("", "Response time histogram:");
    for (const { upToMs, count } of summary.histogram)
      lines.push(`  ${seconds(upToMs)} [${count}]\t|${"∎".repeat(Math.floor((count * barLength) / most))}`);
    const { reads, writes } = summary;
    const distributions = { "": summary, ...(reads && { " of gets": reads }), ...(writes && { " of sets": writes }) };
    for (const [what, { percentilesMs }] of Object.entries(distributions)) {
      lines.push("", `Latency distribution${what}:`);
      for (const percent of percents) lines.push(`  ${percent}% in ${seconds(percentilesMs[percent] ?? 0)} secs.`);
    }
  }
  if (summary.samples.length > 0) {
    lines.push("", "Samples:", "  from secs.\trequests\tfastest\taverage\tslowest\trequests/sec");
    for (const { atMs, requests, fastestMs, averageMs, slowestMs, perSecond } of summary.samples) {
      const cells = [seconds(atMs), requests, ...[fastestMs, averageMs, slowestMs].map(seconds), number(perSecond)];
      lines.push(`  ${cells.join("\t")}`);
    }
  }
  const errors = Object.entries(summary.errors);
  if (errors.length > 0) {
    lines.push("", "Error distribution:");
    for (const [why, count] of errors) lines.push(`  [${count}]\t${why}`);
  }
  return `${lines.join("\n")}\n`;
}
