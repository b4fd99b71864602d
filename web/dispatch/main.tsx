/** The dispatcher's page: all deliveries. */
import { start } from "../fleet/start";

start("dispatch");
