/** Somebody works here: the list, the map, and whatever is looked at. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Point } from "../client";
import { Calls } from "../client/fleet-calls";
import { Formatter } from "../track/format";
import type { PageConfig } from "../track/page-data";
import type { Replaying } from "../track/replay/replaying";
import { useMedia } from "../track/use-tracking";
import { Bar } from "./Bar";
import { Bulk } from "./Bulk";
import { Emergencies } from "./Emergencies";
import { Filters } from "./Filters";
import { Help } from "./Help";
import { List } from "./List";
import { MapPane } from "./MapPane";
import { NewDelivery } from "./NewDelivery";
import { Panel } from "./Panel";
import type { Desk as DeskName, Session } from "./session";
import { StatisticsPane } from "./StatisticsPane";
import { Summary } from "./Summary";
import { Toasts } from "./Toasts";
import { zoneOf } from "./local-time";
import { useDetail } from "./use-detail";
import { useFleet } from "./use-fleet";
import { useFilter } from "./use-filter";
import { useKeys } from "./use-keys";
import { useRows } from "./use-rows";
import { endingWords } from "./words";

interface DeskProps {
  desk: DeskName;
  session: Session;
  config: PageConfig;
  /** What is looked at from the beginning: of who was signed out while at it. */
  at: string | null;
  /** `why` is null where it was asked for. */
  onLeave: (why: string | null, at: string | null) => void;
}

export type Shown = "map" | "statistics";

export function Desk({ desk, session, config, at, onLeave }: DeskProps): JSX.Element {
  const format = useMemo(() => new Formatter(config.locale, config.timezone), [config]);
  const zone = useMemo(() => zoneOf(config.timezone), [config]);
  const [refused, setRefused] = useState(false);
  const calls = useMemo(() => new Calls(session.token, undefined, () => setRefused(true)), [session]);
  const followed = useFleet(session);
  const { fleet, state, revision, now, heard, dismiss } = followed;
  const [filter, setFilter] = useFilter();
  const { rows, marks, counts } = useRows(fleet.deliveries, filter, now, revision);
  const [selected, select] = useState<string | null>(at);
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set());
  const [shown, show] = useState<Shown>("map");
  const [creating, setCreating] = useState(false);
  const [helping, setHelping] = useState(false);
  const [places, setPlaces] = useState<readonly Point[]>([]);
  const [replay, setReplay] = useState<Replaying | null>(null);
  const narrow = useMedia("(max-width: 60rem)");
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);
  const delivery = selected === null || shown !== "map" ? undefined : fleet.deliveries.get(selected);
  const detail = useDetail(calls, selected, delivery?.seq ?? 0);

  // What is done may be refused before the sockets are: nobody is kept waiting for them.
  const ended = endingWords(refused ? "invalid_token" : state.ending);
  useEffect(() => {
    if (ended !== null) onLeave(ended, selected);
  }, [ended]);
  useEffect(() => {
    document.title = `${counts.urgent > 0 ? `(${counts.urgent}) ` : ""}${desk === "dispatch" ? "Dispatch" : "Store"} – Onway`;
  }, [counts.urgent, desk]);
  // What the tracking page has, too, has its style: after the page's own, part of which it overrides.
  useEffect(() => void Promise.all([import("../styles/parts.css"), import("../styles/replay.css"), import("../styles/stage.css")]), []);
  useEffect(() => setReplay(null), [selected]);
  useEffect(() => fleet.choose(filter.statuses), [fleet, filter.statuses]);

  const check = (id: string): void => setChecked((before) => {
    const after = new Set(before);
    if (!after.delete(id)) after.add(id);
    return after;
  });
  const choose = (id: string | null): void => {
    select(id);
    if (id === null) return;
    setCreating(false);
    show("map");
  };
  /** Whoever was in the panel goes on in the list. */
  const leave = (): void => {
    select(null);
    list.current?.focus({ preventScroll: true });
  };
  const create = (): void => {
    setCreating(true);
    setPlaces([]);
    select(null);
    show("map");
  };
  useKeys({
    onSearch: () => search.current?.focus(),
    onNew: create,
    onHelp: () => setHelping(true),
    onEscape: () => {
      if (replay) setReplay(null);
      else if (creating) setCreating(false);
      else if (selected !== null) leave();
      else setChecked(new Set());
    },
  });
  const covered = new Set([...fleet.emergencies.values()].flatMap(({ tracking_ids }) => tracking_ids));
  return (
    <div class="desk">
      <Bar
        desk={desk}
        session={session}
        state={state}
        shown={shown}
        onShow={show}
        onNew={create}
        onHelp={() => setHelping(true)}
        onLeave={() => onLeave(null, null)}
      />
      <Emergencies fleet={fleet} calls={calls} may={session.may.acknowledge} now={now} format={format} onSelect={choose} revision={revision} />
      <div class={`desk__work${delivery || creating ? " desk__work--panel" : ""}`}>
        <aside class="side" aria-label="Deliveries">
          <Filters filter={filter} counts={counts} store={desk === "store"} search={search} onFilter={setFilter} />
          {state.refused !== null && (
            <p class="part__trouble" role="alert">
              Not all deliveries may be here: {state.refused}
            </p>
          )}
          {rows.length > 0 ? (
            <List
              element={list}
              rows={rows}
              selected={selected}
              checked={checked}
              now={now}
              format={format}
              onSelect={choose}
              onCheck={check}
              onOpen={() => panel.current?.focus()}
            />
          ) : (
            <Nothing ready={state.ready} offline={state.reach === "offline"} known={fleet.deliveries.size} onNew={create} />
          )}
          <Bulk calls={calls} may={session.may} checked={checked} known={fleet.deliveries} rows={rows} onChecked={setChecked} />
        </aside>
        <main class="main" aria-label={shown === "map" ? "Map" : "Statistics"}>
          <MapPane
            hidden={shown !== "map"}
            config={config}
            marks={marks}
            focus={detail.focus}
            picking={creating}
            places={places}
            replay={replay}
            snapshot={detail.snapshot}
            format={format}
            onReplayEnd={() => setReplay(null)}
            onSelect={choose}
            onPick={(point) => setPlaces((before) => (before.length >= 2 ? [point] : [...before, point]))}
            onView={(bbox) => fleet.look(bbox)}
          />
          {shown === "statistics" && <StatisticsPane calls={calls} session={session} format={format} zone={config.timezone} />}
          <Toasts heard={heard} covered={covered} onDismiss={dismiss} onSelect={choose} />
        </main>
        {delivery && !creating && (
          <Panel
            key={delivery.tracking_id}
            element={panel}
            delivery={delivery}
            detail={detail}
            calls={calls}
            session={session}
            now={now}
            format={format}
            zone={zone}
            replaying={replay !== null}
            covered={replay !== null && narrow}
            onReplay={(next) => {
              show("map");
              setReplay(next);
            }}
            onClose={leave}
          />
        )}
        {creating && (
          <NewDelivery
            calls={calls}
            session={session}
            places={places}
            now={now}
            zone={zone}
            onPlaces={setPlaces}
            onMade={(id) => {
              setCreating(false);
              setPlaces([]);
              select(id);
            }}
            onClose={() => setCreating(false)}
          />
        )}
      </div>
      {helping && <Help onClose={() => setHelping(false)} />}
      <Summary ready={state.ready} shown={rows.length} urgent={counts.urgent} filter={filter} now={now} />
    </div>
  );
}

function Nothing({ ready, offline, known, onNew }: { ready: boolean; offline: boolean; known: number; onNew: () => void }): JSX.Element {
  if (!ready && !offline) {
    return (
      <div class="list list--waiting" role="img" aria-label="Loading deliveries">
        {Array.from({ length: 9 }, (_, index) => (
          <div key={index} class="item-waiting" />
        ))}
      </div>
    );
  }
  return (
    <div class="nothing">
      <p class="nothing__title">{offline && known === 0 ? "No connection" : known === 0 ? "No deliveries yet" : "Nothing matches"}</p>
      <p>
        {offline && known === 0
          ? "It goes on by itself when you are back."
          : known === 0
            ? "A delivery appears here as soon as it is started."
            : "No delivery fits the filters and the search."}
      </p>
      {known === 0 && !offline && (
        <button class="act" type="button" onClick={onNew}>
          New delivery
        </button>
      )}
    </div>
  );
}
