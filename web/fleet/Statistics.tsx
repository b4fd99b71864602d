/** The figures of a span of days, drawn. With the charts' library, loaded when it is wanted. */
import "uplot/dist/uPlot.min.css";
import type { JSX } from "preact";
import type { DeliveryFigures, DeliveryStats, StatsGroup } from "../client/wire";
import type { Formatter } from "../track/format";
import { Chart, type Series } from "./Chart";
import { horizonWords } from "./words";

/** The biggest are shown; the file has all. */
const MAX_ROWS = 12;

export function Statistics({ stats, format, store }: { stats: DeliveryStats; format: Formatter; store: boolean }): JSX.Element {
  const { total, by_day, by_store, by_driver, by_mode, eta_error, model } = stats;
  if (total.deliveries === 0) return <p class="nothing">Nothing was started in this span.</p>;
  const days = by_day.map(({ key }) => Date.parse(`${key}T00:00:00Z`) / 1_000);
  const daily = (name: string, tone: Series["tone"], read: (day: StatsGroup) => number | null | undefined): Series => ({ name, tone, values: by_day.map((day) => read(day) ?? null) });
  const minutes = (seconds: number | null | undefined): number | null => (typeof seconds === "number" ? seconds / 60 : null);
  return (
    <>
      <dl class="figures">
        <Figure name="Deliveries" value={String(total.deliveries)} />
        <Figure name="Delivered" value={share(total.statuses["DELIVERED"] ?? 0, total.deliveries)} />
        <Figure name="On time" value={percent(total.on_time_rate)} note={`of ${total.with_window} with a promise`} />
        <Figure name="Time, median" value={time(total.delivery_time_p50_s, format)} note={`9 of 10 within ${time(total.delivery_time_p90_s, format)}`} />
        <Figure name="Way, mean" value={typeof total.distance_mean_m === "number" ? format.distance(total.distance_mean_m) : "–"} />
        <Figure name="At the door, mean" value={time(total.dwell_mean_s, format)} />
        <Figure name="Fix every" value={typeof total.update_interval_mean_s === "number" ? `${total.update_interval_mean_s.toFixed(1)} s` : "–"} />
        <Figure name="Rating" value={typeof total.rating_mean === "number" ? total.rating_mean.toFixed(1) : "–"} note={`${total.ratings} given`} />
      </dl>
      {by_day.length > 1 && (
        <div class="charts">
          <Chart title="Deliveries by day" x={days} zone="UTC" format={format} bars series={[daily("Deliveries", "moving", (day) => day.deliveries)]} />
          <Chart title="On time" x={days} zone="UTC" format={format} unit=" %" series={[daily("On time", "done", (day) => (typeof day.on_time_rate === "number" ? day.on_time_rate * 100 : null))]} />
          <Chart
            title="Minutes from start to door"
            x={days}
            zone="UTC"
            format={format}
            unit=" min"
            series={[daily("Median", "moving", (day) => minutes(day.delivery_time_p50_s)), daily("9 of 10 within", "late", (day) => minutes(day.delivery_time_p90_s))]}
          />
        </div>
      )}
      <div class="tables">
        {!store && <Groups title="Stores" groups={by_store} none="Without a store" format={format} />}
        <Groups title="Drivers" groups={by_driver} none="Without a driver" format={format} />
        <Groups title="Modes" groups={by_mode} none="–" format={format} />
        <section class="table-card">
          <h3>ETA, by how long before the end</h3>
          <table>
            <thead>
              <tr>
                <th scope="col">Before</th>
                <th scope="col">Off by</th>
                <th scope="col">Bias</th>
                <th scope="col">In range</th>
              </tr>
            </thead>
            <tbody>
              {eta_error.map(({ horizon_s, mean_absolute_s, bias_s, coverage }, index) => (
                <tr key={horizon_s}>
                  <th scope="row">{horizonWords(horizon_s, eta_error[index + 1]?.horizon_s, format)}</th>
                  <td>{time(mean_absolute_s, format)}</td>
                  <td>{typeof bias_s === "number" ? `${bias_s > 0 ? "+" : "−"}${Math.abs(Math.round(bias_s))} s` : "–"}</td>
                  <td>{percent(coverage)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="block__note">
            Model: {model.source === "built-in" ? "built in" : "fitted on this deployment's history"}
            {typeof model.trips === "number" && `, on ${model.trips} trips`}
            {typeof model.fitted_at === "number" && `, ${format.date(model.fitted_at * 1_000, stats.server_time)}`}.
          </p>
        </section>
      </div>
      <p class="block__note">Days are those of {stats.time_zone}.</p>
    </>
  );
}

function Figure({ name, value, note }: { name: string; value: string; note?: string }): JSX.Element {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd class="figure__value">{value}</dd>
      {note && <dd class="figure__note">{note}</dd>}
    </div>
  );
}

function Groups({ title, groups, none, format }: { title: string; groups: readonly StatsGroup[]; none: string; format: Formatter }): JSX.Element {
  const shown = groups.toSorted((a, b) => b.deliveries - a.deliveries).slice(0, MAX_ROWS);
  return (
    <section class="table-card">
      <h3>{title}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">{title.slice(0, -1)}</th>
            <th scope="col">Deliveries</th>
            <th scope="col">On time</th>
            <th scope="col">Median</th>
            <th scope="col">Rating</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((group) => (
            <tr key={group.key ?? ""}>
              <th scope="row">{group.key ?? none}</th>
              <td>{group.deliveries}</td>
              <td>{percent(group.on_time_rate)}</td>
              <td>{time(group.delivery_time_p50_s, format)}</td>
              <td>{typeof group.rating_mean === "number" ? group.rating_mean.toFixed(1) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {groups.length > shown.length && <p class="block__note">{groups.length - shown.length} more in the file.</p>}
    </section>
  );
}

function percent(rate: DeliveryFigures["on_time_rate"]): string {
  return typeof rate === "number" ? `${Math.round(rate * 100)} %` : "–";
}

function share(part: number, whole: number): string {
  return percent(whole === 0 ? null : part / whole);
}

function time(seconds: number | null | undefined, format: Formatter): string {
  if (typeof seconds !== "number") return "–";
  return seconds < 90 ? `${Math.round(seconds)} s` : format.minutes(Math.round(seconds / 60));
}
