/** Asks for the statistics of a span of days; what draws them is loaded when they are wanted. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { failureWords } from "../client/failure";
import type { Calls } from "../client/fleet-calls";
import type { DeliveryStats } from "../client/wire";
import type { Formatter } from "../track/format";
import type { Session } from "./session";

interface StatisticsPaneProps {
  calls: Calls;
  session: Session;
  format: Formatter;
  /** The operator's; null: as the service counts days. */
  zone: string | null;
}

const DAYS = [1, 7, 28, 90] as const;
type Charts = typeof import("./Statistics");

export function StatisticsPane({ calls, session, format }: StatisticsPaneProps): JSX.Element {
  const [days, setDays] = useState<number>(7);
  const [stats, setStats] = useState<DeliveryStats | null>(null);
  const [charts, setCharts] = useState<Charts | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [again, setAgain] = useState(0);
  const refused = (error: unknown): void => setTrouble(failureWords(error, "These statistics are not yours to see."));
  const download = (): Promise<void> => calls.statisticsFile(queryOf(days, session.store_id)).then(handOver, refused);
  useEffect(() => {
    const request = new AbortController();
    setTrouble(null);
    Promise.all([calls.statistics(queryOf(days, session.store_id), request.signal), import("./Statistics")]).then(
      ([found, code]) => {
        setStats(found);
        setCharts(code);
      },
      (error: unknown) => {
        if (!request.signal.aborted) refused(error);
      },
    );
    return () => request.abort();
  }, [calls, days, again]);
  // Drawn once for what was answered: the fleet changes each second, and a chart drawn anew forgets where it is pointed at.
  const drawn = useMemo(() => stats && charts && <charts.Statistics stats={stats} format={format} store={session.store_id !== null} />, [stats, charts, format, session]);
  return (
    <section class="statistics" aria-label="Statistics">
      <header class="statistics__head">
        <h2>Statistics</h2>
        <div class="chips" role="group" aria-label="Span">
          {DAYS.map((choice) => (
            <button key={choice} class="chip chip--plain" type="button" aria-pressed={choice === days} onClick={() => setDays(choice)}>
              {choice === 1 ? "24 hours" : `${choice} days`}
            </button>
          ))}
        </div>
        <button class="act" type="button" onClick={() => void download()}>
          CSV
        </button>
      </header>
      {trouble && (
        <p class="part__trouble" role="alert">
          {trouble}{" "}
          <button class="act act--bare" type="button" onClick={() => setAgain(again + 1)}>
            Try again
          </button>
        </p>
      )}
      {!trouble && (stats === null || charts === null) && <div class="item-waiting item-waiting--large" role="img" aria-label="Loading statistics" />}
      {drawn}
    </section>
  );
}

function queryOf(days: number, store_id: string | null): Record<string, string> {
  const to = Math.ceil(Date.now() / 60_000) * 60;
  return { from: String(to - days * 86_400), to: String(to), ...(store_id !== null && { store_id }) };
}

/** A link cannot carry the token: the file is fetched, and handed over from memory. */
function handOver(file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = "deliveries.csv";
  link.click();
  URL.revokeObjectURL(url);
}
