// What a comparison says: the values of all rounds of each side, and their ratios.

export interface Series {
  scenario: string;
  metric: string;
  unit: string;
  values: number[];
}

/** What `onway bench --json` writes, as far as it is read here. */
export interface Report {
  machine: { cores: number; processor: string; kernel: string };
  /** Per cent of the cores that neither the server nor the generator used. */
  others: number | null;
  series: Series[];
}

export interface Circumstances {
  rounds: number;
  scale: number;
  loadBefore: number[];
  loadAfter: number[];
  workerd: string;
}

export interface Row {
  scenario: string;
  metric: string;
  unit: string;
  /** Of each side, in the order of the names; undefined where a side has none. */
  sides: (Summary | undefined)[];
  /** The first side's median by the second's. */
  ratio?: number;
}

export interface Comparison extends Circumstances {
  names: string[];
  machine: Report["machine"] | undefined;
  /** The largest of all rounds. */
  others: number;
  rows: Row[];
}

export interface Summary {
  n: number;
  median: number;
  p99: number;
  min: number;
  max: number;
  values: number[];
}

/** The reports of a side's rounds as one. */
export function merge(reports: Report[]): Report | undefined {
  const [first] = reports;
  if (first === undefined) return undefined;
  const values = ({ scenario, metric }: Series) =>
    reports.flatMap((report) => report.series.find((known) => known.scenario === scenario && known.metric === metric)?.values ?? []);
  const others = Math.max(...reports.map((report) => report.others ?? 0));
  return { machine: first.machine, others, series: first.series.map((series) => ({ ...series, values: values(series) })) };
}

/** Nearest ranks: of few values, `p99` is the largest. */
export function summarize(values: number[]): Summary | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  if (sorted.length === 0) return undefined;
  return { n: sorted.length, median: rank(0.5), p99: rank(0.99), min: rank(0), max: rank(1), values };
}

type Named = [name: string, report: Report | undefined];

export function compare(first: Named, second: Named, circumstances: Circumstances): Comparison {
  const sides = [first, second];
  const all = sides.flatMap(([, report]) => report?.series ?? []);
  const rows = all
    .filter((series, at) => all.findIndex((known) => known.scenario === series.scenario && known.metric === series.metric) === at)
    .map(({ scenario, metric, unit }): Row => {
      const of = ([, report]: Named) =>
        summarize(report?.series.find((series) => series.scenario === scenario && series.metric === metric)?.values ?? []);
      const [a, b] = [of(first), of(second)];
      return { scenario, metric, unit, sides: [a, b], ...(a && b && b.median !== 0 ? { ratio: a.median / b.median } : {}) };
    });
  return { ...circumstances, names: sides.map(([name]) => name), machine: first[1]?.machine ?? second[1]?.machine, others: Math.max(...sides.map(([, report]) => report?.others ?? 0)), rows };
}

/** A table for people: medians, with the least and the largest of the rounds; of latencies median and p99. */
export function markdown({ names, rows, machine, others, rounds, loadBefore, loadAfter, workerd }: Comparison): string {
  const loads = (load: number[]) => load.map((each) => each.toFixed(2)).join(" ");
  const lines = rows.map(({ scenario, metric, unit, sides, ratio }) => {
    const cells = sides.map((side) => (side === undefined ? "–" : cell(side, rounds)));
    return `| ${[scenario, `${metric}${unit && `, ${unit}`}`, ...cells, ratio === undefined ? "" : ratio.toFixed(2)].join(" | ")} |`;
  });
  return [
    `| load | measure | ${names.join(" | ")} | ratio |`,
    `|---|---|${names.map(() => "---:").join("|")}|---:|`,
    ...lines,
    "",
    `Medians of ${rounds} rounds in turns, each on a fresh server; in brackets the least and the largest, of latencies p99 over all fixes.`,
    `${machine?.cores} cores, ${machine?.processor}, Linux ${machine?.kernel}, ${workerd}; load ${loads(loadBefore)} before, ${loads(loadAfter)} after; others used up to ${others.toFixed(0)} % of the cores.`,
    "",
  ].join("\n");
}

function cell({ n, median, p99, min, max }: Summary, rounds: number): string {
  if (n > rounds) return `${digits(median)} (p99 ${digits(p99)})`;
  return min === max ? digits(median) : `${digits(median)} (${digits(min)}–${digits(max)})`;
}

/** Three digits that matter. */
function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
