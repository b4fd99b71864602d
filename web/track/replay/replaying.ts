/** A replay that is under way: what plays, and the code that shows it. */
import type { Player } from "./player";

export interface Replaying {
  readonly player: Player;
  readonly code: typeof import("./Replay");
}
