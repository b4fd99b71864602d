"""Says whether the standard input is OpenMetrics text, by the parser of Prometheus' own library."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(sys.stdin.read()))
print(f"/metrics: {len(families)} families, {sum(len(family.samples) for family in families)} samples")
sys.exit(0 if len(families) > 10 else 1)
