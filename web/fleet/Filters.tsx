/** Which deliveries are shown: a search, what needs a human, where they stand, whose they are. */
import type { JSX, RefObject } from "preact";
import { useState } from "preact/hooks";
import { STATUSES } from "../client/delivery";
import { type Filter, MODES, NO_FILTER, isNarrow, toggled } from "./filter";
import { Glyph } from "./icons";
import { CONCERNS } from "./urgency";
import type { Counts } from "./use-rows";
import { CONCERN_WORDS, STATUS_WORDS } from "./words";

interface FiltersProps {
  filter: Filter;
  counts: Counts;
  /** A store sees its own: there is none to choose. */
  store: boolean;
  search: RefObject<HTMLInputElement | null>;
  onFilter: (filter: Filter) => void;
}

export function Filters({ filter, counts, store, search, onFilter }: FiltersProps): JSX.Element {
  const [open, setOpen] = useState(filter.store !== null || filter.driver !== null || filter.mode !== null || filter.statuses.length > 0);
  return (
    <div class="filters" role="search">
      <div class="filters__row">
        <label class="search">
          <Glyph name="search" />
          <span class="visually-hidden">Search by order, driver, store or tracking id</span>
          <input
            ref={search}
            type="search"
            placeholder="Search"
            autocomplete="off"
            spellcheck={false}
            value={filter.query}
            onInput={(event) => onFilter({ ...filter, query: event.currentTarget.value })}
          />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <button class="act act--bare" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          Filters <Glyph name={open ? "up" : "down"} />
        </button>
      </div>
      <div class="chips" role="group" aria-label="What needs attention">
        <button class="chip" type="button" aria-pressed={filter.concerns.length === 0} onClick={() => onFilter({ ...filter, concerns: [] })}>
          All <b>{counts.all}</b>
        </button>
        {CONCERNS.map((concern) => (
          <button
            key={concern}
            class={`chip tone-${concern}${counts.concerns[concern] === 0 ? " chip--none" : ""}`}
            type="button"
            aria-pressed={filter.concerns.includes(concern)}
            onClick={() => onFilter({ ...filter, concerns: toggled(filter.concerns, concern) })}
          >
            <span class="chip__dot" /> {CONCERN_WORDS[concern]} <b>{counts.concerns[concern]}</b>
          </button>
        ))}
      </div>
      {open && <More filter={filter} counts={counts} store={store} onFilter={onFilter} />}
    </div>
  );
}

function More({ filter, counts, store, onFilter }: Omit<FiltersProps, "search">): JSX.Element {
  return (
    <div class="filters__more">
      <div class="chips" role="group" aria-label="Status; none chosen: all that are not over">
        {STATUSES.map((status) => (
          <button
            key={status}
            class="chip chip--plain"
            type="button"
            aria-pressed={filter.statuses.includes(status)}
            onClick={() => onFilter({ ...filter, statuses: toggled(filter.statuses, status) })}
          >
            {STATUS_WORDS[status]} <b>{counts.statuses[status] ?? 0}</b>
          </button>
        ))}
      </div>
      <div class="filters__picks">
        {!store && <Pick label="Store" value={filter.store} choices={counts.stores} onPick={(value) => onFilter({ ...filter, store: value })} />}
        <Pick label="Driver" value={filter.driver} choices={counts.drivers} onPick={(value) => onFilter({ ...filter, driver: value })} />
        <Pick
          label="Mode"
          value={filter.mode}
          choices={MODES}
          onPick={(value) => onFilter({ ...filter, mode: MODES.find((mode) => mode === value) ?? null })}
        />
      </div>
      {isNarrow(filter) && (
        <button class="act act--bare" type="button" onClick={() => onFilter(NO_FILTER)}>
          Clear all filters
        </button>
      )}
    </div>
  );
}

interface PickProps {
  label: string;
  value: string | null;
  choices: readonly string[];
  onPick: (value: string | null) => void;
}

function Pick({ label, value, choices, onPick }: PickProps): JSX.Element {
  const all = value !== null && !choices.includes(value) ? [value, ...choices] : choices;
  return (
    <label class="pick">
      {label}
      <select value={value ?? ""} onChange={(event) => onPick(event.currentTarget.value || null)}>
        <option value="">Any</option>
        {all.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  );
}
