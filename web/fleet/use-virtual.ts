/** Only the rows that are seen are elements of the page. */
import { Virtualizer, elementScroll, observeElementOffset, observeElementRect, type VirtualItem } from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useLayoutEffect, useReducer, useState } from "preact/hooks";

export interface Virtual {
  readonly items: readonly VirtualItem[];
  readonly height: number;
  readonly scrollTo: (index: number) => void;
  /** How many fit. */
  readonly fits: number;
}

/** `count` rows of `size` pixels each, within `scroller`. */
export function useVirtual(scroller: RefObject<HTMLElement | null>, count: number, size: number): Virtual {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    overscan: 6,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => draw(undefined),
  };
  const [virtual] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options));
  virtual.setOptions(options);
  // These two are what the library's adapters for other frameworks call.
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtual._didMount(), []);
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtual._willUpdate());
  return {
    items: virtual.getVirtualItems(),
    height: virtual.getTotalSize(),
    scrollTo: (index) => virtual.scrollToIndex(index),
    fits: Math.max(1, Math.floor((scroller.current?.clientHeight ?? size) / size)),
  };
}
