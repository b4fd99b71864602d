/** All deliveries that the filters let through, the most urgent first: thousands, of which some dozen are drawn. */
import type { JSX, RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { Formatter } from "../track/format";
import { Row } from "./Row";
import { useVirtual } from "./use-virtual";
import type { Ranked } from "./urgency";

/** As the style sheet has it. */
const ROW_HEIGHT = 58;

interface ListProps {
  element: RefObject<HTMLDivElement | null>;
  rows: readonly Ranked[];
  selected: string | null;
  checked: ReadonlySet<string>;
  now: number;
  format: Formatter;
  onSelect: (id: string) => void;
  onCheck: (id: string) => void;
  /** Goes on in the panel of the selected one. */
  onOpen: () => void;
}

export function List({ element, rows, selected, checked, now, format, onSelect, onCheck, onOpen }: ListProps): JSX.Element {
  const { items, height, scrollTo, fits } = useVirtual(element, rows.length, ROW_HEIGHT);
  const at = rows.findIndex(({ delivery }) => delivery.tracking_id === selected);
  // What was chosen on the map is shown in the list; what moves in it by itself is not run after.
  useEffect(() => {
    if (at >= 0) scrollTo(at);
  }, [selected]);

  const goTo = (index: number): void => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row) onSelect(row.delivery.tracking_id);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + fits, PageUp: at - fits, Home: 0, End: rows.length - 1 };
    const to = steps[event.key];
    if (to !== undefined) goTo(to);
    else if (event.key === "Enter" && at >= 0) onOpen();
    else if ((event.key === " " || event.key === "x") && selected !== null && at >= 0) onCheck(selected);
    else return;
    event.preventDefault();
  };
  const onClick = ({ target, currentTarget }: MouseEvent): void => {
    const id = (target as Element).closest<HTMLElement>("[data-id]")?.dataset["id"];
    if (id === undefined) return;
    if ((target as Element).closest(".item__check")) onCheck(id);
    else onSelect(id);
    (currentTarget as HTMLElement).focus({ preventScroll: true });
  };
  return (
    <div
      class="list"
      ref={element}
      role="listbox"
      tabIndex={0}
      aria-label="Deliveries, the most urgent first"
      aria-multiselectable="true"
      aria-activedescendant={at >= 0 && items.some(({ index }) => index === at) ? `row-${selected}` : undefined}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div class="list__rows" style={{ height: `${height}px` }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const id = row.delivery.tracking_id;
          return (
            <Row
              key={id}
              row={row}
              top={start}
              place={index + 1}
              total={rows.length}
              selected={id === selected}
              checked={checked.has(id)}
              now={now}
              format={format}
            />
          );
        })}
      </div>
    </div>
  );
}
