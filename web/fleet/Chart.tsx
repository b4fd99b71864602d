/** A small chart over time, by uPlot, in the colours of the page. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Formatter } from "../track/format";
import { useMedia } from "../track/use-tracking";
import type { Tone } from "./urgency";

export interface Series {
  readonly name: string;
  readonly tone: Tone;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  title: string;
  /** Unix seconds. */
  x: readonly number[];
  /** In which the instants of `x` are read as days. */
  zone: string;
  format: Formatter;
  unit?: string;
  bars?: boolean;
  series: readonly Series[];
}

const HEIGHT = 180;
const DAY_S = 86_400;

export function Chart({ title, x, zone, format, unit = "", bars = false, series }: ChartProps): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const dark = useMedia("(prefers-color-scheme: dark)");
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const style = getComputedStyle(element);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-soft"), font: "11px system-ui, sans-serif", grid: { stroke: colour("--hairline"), width: 1 }, ticks: { show: false } };
    const day = format.dayIn(zone);
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), zone),
        legend: { live: true },
        cursor: { points: { size: 7 } },
        scales: { x: { time: true, range: (_plot, low, high) => [low - DAY_S / 2, high + DAY_S / 2] }, y: { range: (_plot, _low, high) => [0, high === 0 ? 1 : high * 1.1] } },
        axes: [
          { ...axis, grid: { show: false }, values: (_plot, splits) => splits.map((at) => day(at * 1_000)), incrs: [1, 2, 7, 14, 28].map((days) => days * DAY_S), space: 56 },
          { ...axis, size: 52, values: (_plot, splits) => splits.map((value) => `${Number(value.toFixed(1))}${unit}`) },
        ],
        series: [
          { label: "Day", value: (_plot, at) => (at === null ? "–" : day(at * 1_000)) },
          ...series.map(({ name, tone }) => ({
            label: name,
            stroke: colour(`--tone-${tone}`),
            width: 2,
            points: { show: x.length < 10 },
            value: (_plot: uPlot, value: number | null) => (value === null ? "–" : `${Number(value.toFixed(1))}${unit}`),
            ...(bars && uPlot.paths.bars && { fill: colour(`--tone-${tone}`), paths: uPlot.paths.bars({ size: [0.6, 40], radius: 0.2 }), points: { show: false } }),
          })),
        ],
      },
      [[...x], ...series.map(({ values }) => [...values])] as uPlot.AlignedData,
      element,
    );
    const sizes = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      plot.destroy();
    };
  }, [x, series, dark]);
  const last = series.map(({ name, values }) => `${name} ${values.at(-1)?.toFixed(1) ?? "unknown"}${unit}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={holder} role="img" aria-label={`${title}. Last: ${last}.`} />
    </figure>
  );
}
