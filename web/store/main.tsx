/** A store's page: its own deliveries. */
import { start } from "../fleet/start";

start("store");
