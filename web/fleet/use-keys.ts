/** The keys of the whole page, where nobody is writing and no dialog is open. */
import { useEffect, useRef } from "preact/hooks";

export interface Keys {
  onSearch: () => void;
  onNew: () => void;
  onHelp: () => void;
  onEscape: () => void;
}

export function useKeys(keys: Keys): void {
  const newest = useRef(keys);
  newest.current = keys;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const target = event.target as HTMLElement;
      const writing = target.matches("input:not([type=radio], [type=checkbox], [type=range]), textarea, select");
      if (event.key === "Escape") {
        if (writing) target.blur();
        else newest.current.onEscape();
        return;
      }
      if (writing) return;
      const act = { "/": newest.current.onSearch, n: newest.current.onNew, "?": newest.current.onHelp }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}
