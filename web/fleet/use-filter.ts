/** The filters, kept in the address: a link shows the same, and going back undoes them. */
import { useEffect, useState } from "preact/hooks";
import { type Filter, readFilter, writeFilter } from "./filter";

export function useFilter(): [Filter, (filter: Filter) => void] {
  const [filter, setFilter] = useState(() => readFilter(location.search));
  useEffect(() => {
    const onBack = (): void => setFilter(readFilter(location.search));
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);
  const change = (next: Filter): void => {
    const store_id = new URLSearchParams(location.search).get("store_id");
    const query = new URLSearchParams(writeFilter(next));
    if (store_id !== null) query.set("store_id", store_id);
    const text = query.toString().replaceAll("%2C", ",");
    const address = `${location.pathname}${text === "" ? "" : `?${text}`}${location.hash}`;
    // Each letter of a search is not a step to go back by.
    if (next.query !== filter.query) history.replaceState(history.state, "", address);
    else history.pushState(history.state, "", address);
    setFilter(next);
  };
  return [filter, change];
}
