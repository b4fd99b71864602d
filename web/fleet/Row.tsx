/** A delivery in the list: what it is, where it stands, when it comes. */
import type { JSX } from "preact";
import type { Formatter } from "../track/format";
import { Glyph } from "./icons";
import { type Ranked, isConcern } from "./urgency";
import { CONCERN_WORDS, STATUS_WORDS, punctualityOf, sentenceOf, timeWords } from "./words";

interface RowProps {
  row: Ranked;
  top: number;
  place: number;
  total: number;
  selected: boolean;
  checked: boolean;
  now: number;
  format: Formatter;
}

export function Row({ row: { delivery, tone }, top, place, total, selected, checked, now, format }: RowProps): JSX.Element {
  const { tracking_id, order_id, status, driver_id, store_id, eta_at, window, status_at, driver_online } = delivery;
  const punctuality = punctualityOf(delivery, now, format);
  const over = tone === "done" || tone === "failed";
  const due = over ? status_at : (eta_at ?? window?.to ?? null);
  const concern = isConcern(tone) && tone !== "unassigned" ? CONCERN_WORDS[tone] : null;
  return (
    <div
      id={`row-${tracking_id}`}
      class={`item tone-${tone}${selected ? " item--selected" : ""}${checked ? " item--checked" : ""}`}
      data-id={tracking_id}
      role="option"
      tabIndex={-1}
      aria-selected={checked}
      aria-current={selected ? "true" : undefined}
      aria-setsize={total}
      aria-posinset={place}
      aria-label={`${sentenceOf(delivery, tone, now, format)}${checked ? " Marked." : ""}`}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span class="item__check" aria-hidden="true">
        {checked ? <Glyph name="check" /> : <span class="item__dot" />}
      </span>
      <span class="item__main">
        <span class="item__order">{order_id}</span>
        <span class="item__facts">
          {concern && <b class="item__concern">{concern}</b>}
          <span class="item__status">{STATUS_WORDS[status]}</span>
          {driver_id && <span class={driver_online ? "" : "item__away"}>{driver_id}</span>}
          {store_id && !concern && <span class="item__store">{store_id}</span>}
        </span>
      </span>
      <span class="item__time">
        <span class="item__due">{due === null ? "–" : timeWords(due, now, format)}</span>
        {punctuality && <span class={`item__punctual${punctuality.late ? " item__punctual--late" : ""}`}>{punctuality.words}</span>}
      </span>
    </div>
  );
}
