/** A driver's deliveries: what the service said, and on top of it what the driver did since. */
import { isFinal } from "./delivery";
import type { DriverFrame, Job, JobSummary, Report } from "./driver-wire";

/** The list after a frame from the service. */
export function absorb(jobs: readonly Job[], frame: DriverFrame): readonly Job[] {
  switch (frame.type) {
    case "driver_state":
      return frame.data.deliveries.map((told) => (told.seq === undefined ? filled(told, jobs) : told));
    case "assignment": {
      const { data } = frame;
      const known = jobs.some((job) => job.tracking_id === data.tracking_id);
      // Told at least once: an assignment that comes again is not a second stop, and may be older than what is known.
      if (!known) return [...jobs, data];
      return jobs.map((job) => (job.tracking_id === data.tracking_id && job.seq <= data.seq ? data : job));
    }
    case "unassignment":
      return jobs.filter((job) => job.tracking_id !== frame.data.tracking_id);
    case "status_update": {
      const { tracking_id, status, at, seq } = frame.data;
      return jobs
        .map((job) =>
          job.tracking_id === tracking_id && job.seq < seq
            ? { ...job, status, seq, timeline: [...job.timeline, { status, at }] }
            : job,
        )
        .filter((job) => !isFinal(job.status));
    }
    default:
      return jobs;
  }
}

/** A delivery that does not answer is shown as it was last known. */
function filled(told: JobSummary, jobs: readonly Job[]): Job {
  const known = jobs.find((job) => job.tracking_id === told.tracking_id) ?? BARE;
  return { ...known, ...told, seq: known.seq };
}

const BARE: Omit<Job, keyof JobSummary | "seq"> & { seq: number } = {
  seq: 0,
  epoch: "",
  driver_online: true,
  location_state: "none",
  timeline: [],
  trail: "",
  updated_at: 0,
  server_time: 0,
  off_route: false,
  stops_before: 0,
};

/** Until the service says when: only that it is some time counts. */
const now = (): number => Math.floor(Date.now() / 1_000);

/** The list after what the driver did. */
export function apply(jobs: readonly Job[], report: Report): readonly Job[] {
  switch (report.type) {
    case "status_update":
      return jobs
        .map((job) => (job.tracking_id === report.tracking_id ? { ...job, status: report.status } : job))
        .filter((job) => !isFinal(job.status));
    case "accept":
      return jobs.map((job) => (job.tracking_id === report.tracking_id ? { ...job, accepted_at: now() } : job));
    case "decline":
      return jobs.filter((job) => job.tracking_id !== report.tracking_id);
    default:
      return jobs;
  }
}

/** Whether the driver was asked and has not answered. */
export function isOffer(job: Job): boolean {
  return job.status === "ASSIGNED" && (job.accepted_at ?? null) === null;
}
