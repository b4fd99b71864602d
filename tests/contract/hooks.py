"""What the tests of the contract need to know beyond the document: texts of its own formats, and the rules
between fields that JSON Schema has no words for, each of which the document states in a description."""

import itertools
import json
import os
from datetime import datetime, timezone

import schemathesis
from hypothesis import strategies as st

ALIASES = [
    ("driver_id", "rider_id", "delivery_person_id"),
    ("lat", "latitude"),
    ("lng", "lon", "longitude"),
    ("dropoff_lng", "dropoff_lon"),
]
METADATA_BYTES = 4096
METADATA_LEVELS = 32
numbers = itertools.count()

schemathesis.openapi.format("tracking-id", st.sampled_from(os.environ["ONWAY_IDS"].split()))
# `map_case` makes each of them another.
schemathesis.openapi.format("idempotency-key", st.just("key"))
schemathesis.openapi.format("cursor", st.just("1704067850000.525200080.134049540.1704067850000"))
schemathesis.openapi.format("access-cursor", st.sampled_from(["0.", "1704067850000.TRK-A"]))
schemathesis.openapi.format("webhook-url", st.sampled_from(["https://shop.example/a", "https://shop.example:8443/?b=c"]))
schemathesis.openapi.format("push-endpoint", st.sampled_from(["https://push.example/a", "https://push.example:8443/?b=c"]))
schemathesis.openapi.format("link", st.sampled_from([f"{id}.{'A' * 22}" for id in os.environ["ONWAY_IDS"].split()]))
schemathesis.openapi.format("bbox", st.sampled_from(["-1,5,1,6", "170,-20,-170,0", "-180,80,180,90"]))
schemathesis.openapi.format("statuses", st.sampled_from(["CREATED", "IN_TRANSIT,DELIVERED", "out_for_delivery"]))
schemathesis.openapi.format("near", st.sampled_from(["5.6,-0.2", "0,0", "-90,180"]))
schemathesis.openapi.format("polyline", st.sampled_from(["????", "_p~iF~ps|U_ulLnnqC_mqNvxq`@"]))
schemathesis.openapi.format(
    "date-time",
    st.builds(
        lambda at, offset: at.isoformat(timespec="milliseconds") + offset,
        st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9998, 12, 31)),
        st.sampled_from(["Z", "+00:00", "-11:00", "+05:30"]),
    ),
)


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what breaks a rule between fields, and images: the tables in tests/hostile and the tests have those."""
    body = case.body
    if str(case.media_type).startswith("image/"):
        return False
    if not is_right(case):
        return True
    if not in_order(case.query or {}, "since", "until"):
        return False
    if not isinstance(body, dict):
        return True
    spans_in_order = in_order(body.get("window"), "from", "to") and in_order(body, "from", "to")
    return spans_in_order and metadata_is_small(body) and statuses_agree(body)


@schemathesis.hook
def map_case(context, case):
    """Gives each field of a right request under one name alone, and a key that was not used before."""
    if is_right(case):
        if case.path == "/stats/deliveries" and case.query:
            # How far apart the two may be JSON Schema has no words for.
            case.query.pop("from", None)
        case.body = under_one_name(case.body)
        if case.path == "/drivers/{driver_id}/deliveries" and isinstance(case.body, dict):
            # Which deliveries are a driver's the document cannot say.
            case.body["tracking_ids"] = []
        if case.path == "/push/subscriptions" and isinstance(case.body, dict):
            # Which of them may be chosen depends on who asks for what, and only a driver asks for no delivery.
            case.body.pop("kinds", None)
            case.body["tracking_id"] = case.body.get("tracking_id") or os.environ["ONWAY_IDS"].split()[0]
        if case.headers and "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    return case


def is_right(case):
    return case.meta is not None and case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE


def given(value, names):
    return [name for name in names if value.get(name) is not None]


def under_one_name(value):
    if isinstance(value, list):
        return [under_one_name(item) for item in value]
    if not isinstance(value, dict):
        return value
    surplus = [name for names in ALIASES for name in given(value, names)[1:]]
    if given(value, ["dropoff"]):
        surplus += given(value, ["dropoff_lat", "dropoff_lng", "dropoff_lon"])
    return {name: under_one_name(member) for name, member in value.items() if name not in surplus}


def in_order(span, start, end):
    if not isinstance(span, dict):
        return True
    times = [milliseconds(span[name]) for name in (start, end) if span.get(name) is not None]
    return None in times or times == sorted(times)


def milliseconds(time):
    """`None` for what is no time: the service says so itself."""
    if isinstance(time, str):
        try:
            return milliseconds(float(time))
        except ValueError:
            pass
        try:
            at = datetime.fromisoformat(time)
        except ValueError:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp() * 1000
    if isinstance(time, bool) or not isinstance(time, (int, float)):
        return None
    return time if time >= 1e11 else time * 1000


def metadata_is_small(body):
    metadata = body.get("metadata")
    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(text.encode("utf-8", "surrogatepass")) < METADATA_BYTES * 0.9 and levels(metadata) <= METADATA_LEVELS


def levels(value):
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(levels, members), default=0)


def statuses_agree(body):
    """At most one status, and a FAILED beside the position has its reason."""
    fixes = [body.get("location")] + (body["locations"] if isinstance(body.get("locations"), list) else [])
    carried = [fix["status"] for fix in fixes if isinstance(fix, dict) and fix.get("status") is not None]
    has_reason = isinstance(body.get("reason"), str) and body["reason"].strip() != ""
    return (not carried or body.get("status") is None) and ("FAILED" not in carried or has_reason)
